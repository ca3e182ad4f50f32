#include "store/store_int.h"
