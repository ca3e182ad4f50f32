// npm's twitter-api-v2 reads the simulated X: app login, search with its paginator, posts and users,
// timelines, rules, the stream with its reconnects, usage. The posts are demo/posts.jsonl, all of them past.
'use strict';

const {TwitterApi, ApiResponseError, ETwitterStreamEvent} = require('twitter-api-v2');

const {env, begin, test, that, equal, members, fails, until, end} = require('./lib');
const {settings, isProblem, publish, edit, remove, cut, bill} = require('./twitter');

begin('twitter-api-v2');

const client = new TwitterApi(env.key, settings);
const api = client.v2;
const FIELDS = ['created_at', 'author_id', 'lang', 'entities', 'referenced_tweets', 'conversation_id', 'public_metrics'];

// A since_id of a minute ago: polls that way have no lag.
const recent = () => String((BigInt(Date.now() - 60000) - 1288834974657n) << 22n);

function newestFirst(tweets) {
    for (let i = 1; i < tweets.length; i++) {
        that(BigInt(tweets[i].id) < BigInt(tweets[i - 1].id), `${tweets[i].id} stands behind ${tweets[i - 1].id}`);
    }
}

async function refused(promise, code) {
    const e = await fails(promise);
    that(e instanceof ApiResponseError, `it fails with ${e}`);
    equal(e.code, code, 'code');
    return e;
}

// Messages of a stream, one by one.
function inbox(stream) {
    const got = [];
    stream.on(ETwitterStreamEvent.Data, m => got.push(m));
    return async what => {
        await until(async () => got, v => v.length > 0, what);
        return got.shift();
    };
}

async function search() {
    await test('app login gives a token that works', async () => {
        const app = await new TwitterApi({appKey: 'key', appSecret: 'secret'}, settings).appLogin();
        const found = await app.v2.search('bitcoin');
        that(found.tweets.length > 0, 'nothing was found');
    });

    await test('a wrong token is an auth error', async () => {
        const e = await refused(new TwitterApi('wrong', settings).v2.search('bitcoin'), 401);
        that(e.isAuthError, 'it is no auth error');
        that(!e.rateLimitError, 'it is a rate limit error');
    });

    await test('a search has ten posts, newest first, with what was asked for', async () => {
        const found = await api.search('$BTC OR bitcoin', {'tweet.fields': FIELDS});
        equal(found.tweets.length, 10, 'posts');
        newestFirst(found.tweets);
        equal(found.meta.newest_id, found.tweets[0].id, 'newest_id');
        equal(found.meta.oldest_id, found.tweets[9].id, 'oldest_id');
        equal(found.meta.result_count, 10, 'result_count');
        equal(found.rateLimit.limit, 450, 'limit');
        that(found.rateLimit.reset * 1000 > Date.now(), 'the window is over');
        for (const t of found.tweets) {
            members(t, ['id', 'text', 'edit_history_tweet_ids', 'created_at', 'author_id', 'lang', 'conversation_id', 'public_metrics'],
                'post', ['entities', 'referenced_tweets', 'note_tweet']);
            equal(t.edit_history_tweet_ids[0], t.id, 'edit_history_tweet_ids');
            that(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/.test(t.created_at), `created_at is ${t.created_at}`);
            for (const tag of (t.entities && t.entities.cashtags) || []) {
                const chars = Array.from(t.text.replace(/&amp;/g, '&').replace(/&lt;/g, '<').replace(/&gt;/g, '>'));
                equal(chars.slice(tag.start, tag.end).join(''), '$' + tag.tag, 'cashtag');
            }
        }
    });

    await test('the paginator has every post once', async () => {
        const pages = await api.search('$BTC OR bitcoin', {max_results: 10});
        const first = pages.tweets.length;
        await pages.fetchLast(1000);
        that(pages.tweets.length > first, 'there is one page');
        equal(new Set(pages.tweets.map(t => t.id)).size, pages.tweets.length, 'different ids');
        newestFirst(pages.tweets);
        that(pages.done, 'it is not done');
        const whole = await api.search('$BTC OR bitcoin', {max_results: 100});
        await whole.fetchLast(1000);
        equal(whole.tweets.map(t => t.id).join(), pages.tweets.map(t => t.id).join(), 'ids');
    });

    await test('the paginator is walked with for await', async () => {
        const pages = await api.search('bitcoin', {max_results: 10});
        let n = 0;
        for await (const t of pages) {
            that(t.text.length > 0, 'a post without a text');
            if (++n === 25) break;
        }
        that(n > 10, `${n} posts`);
    });

    await test('authors are included where that is asked for', async () => {
        const found = await api.search('bitcoin', {expansions: ['author_id'], 'tweet.fields': ['author_id'], 'user.fields': ['created_at']});
        for (const t of found.tweets) {
            const who = found.includes.author(t);
            that(who !== undefined, `the author of ${t.id} is missing`);
            members(who, ['id', 'name', 'username', 'created_at'], 'user');
        }
    });

    await test('nothing found is no error', async () => {
        const found = await api.search('from:nobody_of_this_name');
        equal(found.tweets.length, 0, 'posts');
        equal(JSON.stringify(found.meta), '{"result_count":0}', 'meta');
    });

    await test('a wrong query is an invalid request', async () => {
        for (const q of ['-is:retweet', '(bitcoin', 'is:reply', 'x '.repeat(300)]) {
            const e = await refused(api.search(q), 400);
            that(isProblem(e, 'invalid-request'), `type is ${e.data.type}`);
        }
    });

    await test('a poll sees a post at once, a search after half a minute', async () => {
        const id = await publish({username: 'conformist', text: 'zanzibar is where $BTC goes'});
        const polled = await api.search('zanzibar', {since_id: recent()});
        equal(polled.tweets.length, 1, 'posts');
        equal(polled.tweets[0].id, id, 'id');
        equal((await api.search('zanzibar')).tweets.length, 0, 'posts without since_id');
        equal((await api.search('zanzibar', {since_id: id})).tweets.length, 0, 'posts behind it');
    });

    await test('an edit is found as its newest version, a deleted post is not', async () => {
        const id = await publish({username: 'conformist', text: 'first quagga'});
        const second = await edit(id, 'second quagga');
        const found = await api.search('quagga', {since_id: recent()});
        equal(found.tweets.map(t => t.text).join(), 'second quagga', 'texts');
        equal(found.tweets[0].edit_history_tweet_ids.join(), `${id},${second}`, 'edit_history_tweet_ids');
        await remove(second);
        equal((await api.search('quagga', {since_id: recent()})).tweets.length, 0, 'posts');
        const gone = await api.singleTweet(id);
        equal(gone.data, undefined, 'data');
        that(gone.errors[0].type.endsWith('/resource-not-found'), `type is ${gone.errors[0].type}`);
    });
}

async function lookups() {
    await test('posts by id, with what is missing told', async () => {
        const id = await publish({username: 'conformist', text: 'one & <two>'});
        const one = await api.singleTweet(id, {'tweet.fields': ['author_id']});
        equal(one.data.text, 'one &amp; &lt;two&gt;', 'text');
        const both = await api.tweets([id, '1']);
        equal(both.data.length, 1, 'posts');
        equal(both.errors.length, 1, 'errors');
        equal(both.errors[0].value, '1', 'value');
        that(isProblem(await refused(api.tweets(['x']), 400), 'invalid-request'), 'it is no invalid request');
    });

    await test('users by name, with who is missing told', async () => {
        await publish({username: 'conformist', text: 'here I am'});
        const one = await api.userByUsername('Conformist');
        equal(one.data.username, 'conformist', 'username');
        const many = await api.usersByUsernames(['conformist', 'nobody_of_this']);
        equal(many.data.length, 1, 'users');
        equal(many.errors[0].resource_type, 'user', 'resource_type');
        equal((await api.user(one.data.id)).data.username, 'conformist', 'username by id');
        equal((await api.users([one.data.id])).data.length, 1, 'users by id');
        equal((await api.userByUsername('nobody_of_this')).data, undefined, 'data');
        await refused(api.userByUsername('a-b'), 400);
    });

    await test('a timeline has its author\'s posts and leaves replies out', async () => {
        const first = await publish({username: 'liner', text: 'first'});
        for (let i = 0; i < 7; i++) await publish({username: 'liner', text: `post ${i}`});
        await publish({username: 'liner', text: 'a reply', in_reply_to: first});
        const user = (await api.userByUsername('liner')).data;
        const line = await api.userTimeline(user.id, {max_results: 5});
        await line.fetchLast(100);
        equal(line.tweets.length, 9, 'posts');
        newestFirst(line.tweets);
        const own = await api.userTimeline(user.id, {exclude: ['replies']});
        equal(own.tweets.length, 8, 'posts without replies');
        equal((await api.userTimeline(user.id, {since_id: line.tweets[2].id})).tweets.length, 2, 'posts since');
    });
}

async function rules() {
    await test('rules are added, listed, refused, deleted', async () => {
        const added = await api.updateStreamRules({add: [{value: 'aardvark', tag: 'a'}, {value: 'from:liner'}]});
        equal(added.meta.summary.created, 2, 'created');
        equal(added.data[0].tag, 'a', 'tag');
        const list = await api.streamRules();
        equal(list.data.map(r => r.value).sort().join(), 'aardvark,from:liner', 'values');
        equal((await api.streamRules({ids: added.data[1].id})).data.length, 1, 'rules by id');

        const again = await api.updateStreamRules({add: [{value: 'aardvark'}, {value: '(open'}]});
        equal(again.meta.summary.created, 0, 'created');
        equal(again.meta.summary.not_created, 2, 'not_created');
        equal(again.errors[0].title, 'DuplicateRule', 'title');
        equal(again.errors[0].id, added.data[0].id, 'id of the duplicate');
        that(again.errors[1].type.endsWith('/invalid-rules'), `type is ${again.errors[1].type}`);

        const dry = await api.updateStreamRules({add: [{value: 'zebra'}]}, {dry_run: true});
        equal(dry.meta.summary.created, 1, 'created');
        equal((await api.streamRules()).data.length, 2, 'rules');

        const deleted = await api.updateStreamRules({delete: {ids: added.data.map(r => r.id)}});
        equal(deleted.meta.summary.deleted, 2, 'deleted');
        equal((await api.streamRules()).data, undefined, 'data');
    });
}

async function streams() {
    await test('a stream without rules is a conflict', async () => {
        await refused(api.searchStream(), 409);
    });

    await test('a stream carries what its rules match', async () => {
        const added = await api.updateStreamRules({add: [{value: 'wombat OR has:cashtags from:streamer', tag: 'w'}]});
        const stream = await api.searchStream({'tweet.fields': ['author_id'], expansions: ['author_id']});
        const next = inbox(stream);
        await publish({username: 'streamer', text: 'nothing for it'});
        const id = await publish({username: 'streamer', text: 'I saw a Wombat'});
        const m = await next('the post');
        members(m, ['data', 'includes', 'matching_rules'], 'message');
        equal(m.data.id, id, 'id');
        equal(m.includes.users[0].username, 'streamer', 'author');
        equal(m.matching_rules[0].id, added.data[0].id, 'rule');
        equal(m.matching_rules[0].tag, 'w', 'tag');

        const second = await edit(id, 'I saw two wombats, $DOGE');
        const edited = await next('the edit');
        equal(edited.data.id, second, 'id');
        equal(edited.data.edit_history_tweet_ids.join(), `${id},${second}`, 'edit_history_tweet_ids');

        const e = await refused(api.searchStream(), 429);
        equal(e.data.connection_issue, 'TooManyConnections', 'connection_issue');
        stream.destroy();
    });

    await test('a stream that was cut comes back', async () => {
        const stream = await until(() => api.searchStream().catch(() => undefined), s => s !== undefined, 'the connection');
        const next = inbox(stream);
        let back = 0;
        stream.autoReconnect = true;
        stream.autoReconnectRetries = Infinity;
        stream.nextRetryTimeout = () => 20;
        stream.on(ETwitterStreamEvent.Reconnected, () => back++);
        await publish({username: 'streamer', text: 'wombat before'});
        equal((await next('the post before')).data.text, 'wombat before', 'text');
        await cut();
        await until(async () => back, n => n === 1, 'the connection');
        await publish({username: 'streamer', text: 'wombat behind'});
        equal((await next('the post behind')).data.text, 'wombat behind', 'text');
        stream.destroy();
    });
}

async function money() {
    await test('usage is what the bill says', async () => {
        const before = await bill();
        await api.search('bitcoin');
        await api.search('bitcoin'); // the same posts, the same day: not billed again
        const after = await bill();
        const usage = await api.usage({days: 2});
        equal(Number(usage.data.project_usage), after.sum.post, 'project_usage');
        equal(Number(usage.data.daily_project_usage.usage.at(-1).usage), after.days.at(-1).post, 'usage of today');
        that(after.sum.post - before.sum.post <= 10, `${after.sum.post - before.sum.post} were billed`);
    });
}

(async () => {
    await search();
    await lookups();
    await rules();
    await streams();
    await money();
    end();
})();
