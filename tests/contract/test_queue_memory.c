/* The queue's contract on the queue in memory. */
#include "queue_contract.h"

int main(void) {
    const struct queue_place memory = {"memory queue", memory_queue_open, 200};
    return queue_contract_run(&memory);
}
