/* First come, first served: each job waits for the pool with the least outstanding work per GPU.
 *
 * What fifo.py does, in C with nothing but the standard library:
 *
 *     cc -O2 -o fifo examples/policies/fifo.c
 *     edwc run quickstart --policy "exec:./fifo"
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A JSON value of the line at hand; all of them lie in one array, which the next line uses again. */
struct value {
    char kind;           /* '{', '[', '"', '0', or 't', 'f', 'n' */
    const char *key;     /* its name in an object, with the quote behind it */
    const char *text;    /* of '"', with the quote behind it */
    long long number;    /* of '0' */
    size_t first, next;  /* its first child, and its next sibling; 0: none */
};

static struct value *values;
static size_t used, room;
static const char *at;

static void die(const char *why) {
    fprintf(stderr, "fifo: %s\n", why);
    exit(1);
}

static void *grown(void *memory, size_t bytes) {
    memory = realloc(memory, bytes);
    if (!memory) die("no memory");
    return memory;
}

static void skip_text(void) {
    for (at++; *at != '"'; at++) {
        if (*at == '\\') at++;
        if (!*at) die("a text without an end");
    }
    at++;
}

/* Reads a value and returns its place. edwc writes JSON without spaces. */
static size_t parse(void) {
    if (used == room) values = grown(values, (room = room ? 2 * room : 1024) * sizeof *values);
    size_t self = used++;
    values[self] = (struct value){.kind = *at};
    if (*at == '{' || *at == '[') {
        char close = *at == '{' ? '}' : ']';
        size_t last = 0;
        at++;
        while (*at != close) {
            const char *key = at + 1;
            if (close == '}') {
                skip_text();
                at++; /* the colon */
            }
            size_t child = parse();
            values[child].key = key;
            if (last) values[last].next = child;
            else values[self].first = child;
            last = child;
            if (*at == ',') at++;
            else if (*at != close) die("not JSON");
        }
        at++;
    } else if (*at == '"') {
        values[self].text = at + 1;
        skip_text();
    } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
        char *end;
        values[self].kind = '0';
        values[self].number = strtoll(at, &end, 10);
        at = end + strcspn(end, ",]}");
    } else {
        at += strcspn(at, ",]}");
    }
    return self;
}

/* Finds a member of an object; 0: it has none of that name. (The value at 0 is the whole line, and nobody's member.) */
static size_t member(size_t object, const char *name) {
    size_t length = strlen(name);
    for (size_t child = values[object].first; child; child = values[child].next) {
        if (!strncmp(values[child].key, name, length) && values[child].key[length] == '"') return child;
    }
    return 0;
}

static long long number(size_t object, const char *name) {
    return values[member(object, name)].number;
}

static const char *text(size_t object, const char *name) {
    const char *text = values[member(object, name)].text;
    return text ? text : "\"";
}

static size_t first(size_t object, const char *name) {
    size_t list = member(object, name);
    return list ? values[list].first : 0;
}

struct waiting {
    long long job, gpus;
    int held; /* a rule holds it back: others may pass it */
};

struct pool {
    long long free, installed, outstanding, added;
    int admits, blocked, touched; /* blocked: the head waits for room */
    struct waiting *queue;        /* in order of submission */
    size_t count, room, tried;    /* so many from the front were tried in the last answer */
};

static struct pool *pools;
static size_t pool_count;
static size_t decisions;

static const char *comma(void) {
    return decisions++ ? "," : "";
}

static void push(struct pool *pool, long long job, long long gpus) {
    if (pool->count == pool->room) pool->queue = grown(pool->queue, (pool->room = pool->room ? 2 * pool->room : 64) * sizeof *pool->queue);
    size_t place = pool->count++;
    for (; place && pool->queue[place - 1].job > job; place--) pool->queue[place] = pool->queue[place - 1];
    pool->queue[place] = (struct waiting){job, gpus, 0};
}

/* Returns the kind of a job's refusal, or a null pointer. */
static const char *denied(size_t round, long long job) {
    for (size_t refusal = first(round, "refused"); refusal; refusal = values[refusal].next) {
        if (number(refusal, "job") == job) return text(refusal, "kind");
    }
    return NULL;
}

/* Takes out of the queues what the last answer started. */
static void learn(size_t round) {
    for (struct pool *pool = pools; pool < pools + pool_count; pool++) {
        size_t kept = 0, seen = 0;
        for (; seen < pool->tried; seen++) {
            const char *kind = denied(round, pool->queue[seen].job);
            if (kind && !strncmp(kind, "room\"", 5)) {
                pool->blocked = 1;
                break;
            }
            pool->queue[seen].held = kind != NULL;
            if (kind) pool->queue[kept++] = pool->queue[seen];
        }
        if (kept < seen) memmove(pool->queue + kept, pool->queue + seen, (pool->count - seen) * sizeof *pool->queue);
        pool->count -= seen - kept;
        if (pool->tried) for (size_t rest = kept; rest < pool->count; rest++) pool->queue[rest].held = 0;
        pool->tried = 0;
    }
}

static void forget(long long job) {
    for (struct pool *pool = pools; pool < pools + pool_count; pool++) {
        for (size_t place = 0; place < pool->count; place++) {
            if (pool->queue[place].job != job) continue;
            pool->count--;
            memmove(pool->queue + place, pool->queue + place + 1, (pool->count - place) * sizeof *pool->queue);
            pool->blocked = 0;
            pool->touched = 1;
            return;
        }
    }
}

/* Lets GPUs that were freed, or rules that have changed, be tried again. */
static void reopen(size_t round) {
    int changed = values[member(round, "changed")].kind == 't';
    size_t freed = first(round, "freed");
    if (!freed && !changed) return;
    for (size_t at_pool = 0; at_pool < pool_count; at_pool++) {
        int open = changed;
        for (size_t place = 0; place < pools[at_pool].count && !open; place++) open = pools[at_pool].queue[place].held;
        for (size_t one = freed; one && !open; one = values[one].next) open = values[one].number == (long long)at_pool;
        if (open) pools[at_pool].blocked = 0, pools[at_pool].touched = 1;
    }
}

/* Binds a job to the pool with the least outstanding work per GPU. */
static void bind(size_t job) {
    size_t best = 0;
    long long least = 0;
    for (size_t candidate = first(job, "candidates"); candidate; candidate = values[candidate].next) {
        struct pool *pool = pools + number(candidate, "pool");
        long long load = (pool->outstanding + pool->added) / (pool->installed > 1 ? pool->installed : 1);
        if (pool->admits && (!best || load < least)) best = candidate, least = load;
    }
    if (!best) return;
    long long chosen = number(best, "pool"), gpus = number(job, "gpus");
    pools[chosen].added += number(best, "run_us") * gpus;
    pools[chosen].touched = 1;
    push(pools + chosen, number(job, "job"), gpus);
    printf("%s{\"bind\":{\"job\":%lld,\"pool\":%lld}}", comma(), number(job, "job"), chosen);
}

/* Starts jobs in their order until one has no room; which ones did start is known with the next round. */
static void start(size_t at_pool) {
    struct pool *pool = pools + at_pool;
    if (pool->blocked || !pool->count) return;
    long long free = pool->free;
    printf("%s{\"place_in_order\":{\"pool\":%zu,\"jobs\":[", comma(), at_pool);
    for (pool->tried = 0; pool->tried < pool->count && free >= 0; pool->tried++) {
        struct waiting *job = pool->queue + pool->tried;
        if (!job->held) free -= job->gpus;
        printf("%s%lld", pool->tried ? "," : "", job->job);
    }
    printf("]}}");
}

static void decide(size_t round) {
    for (size_t told = first(round, "pools"); told; told = values[told].next) {
        struct pool *pool = pools + number(told, "pool");
        pool->free = number(told, "free");
        pool->installed = number(told, "installed");
        pool->outstanding = number(told, "outstanding_gpu_us");
        pool->admits = values[member(told, "admits")].kind == 't';
    }
    for (size_t at_pool = 0; at_pool < pool_count; at_pool++) pools[at_pool].touched = 0, pools[at_pool].added = 0;
    learn(round);
    for (size_t gone = first(round, "left"); gone; gone = values[gone].next) forget(values[gone].number);
    reopen(round);
    for (size_t job = first(round, "returned"); job; job = values[job].next) {
        struct pool *pool = pools + number(job, "bound");
        push(pool, number(job, "job"), number(job, "gpus"));
        pool->blocked = 0;
        pool->touched = 1;
    }
    decisions = 0;
    printf("{\"seq\":%lld,\"decisions\":[", number(round, "seq"));
    for (size_t job = first(round, "arrived"); job; job = values[job].next) bind(job);
    for (size_t at_pool = 0; at_pool < pool_count; at_pool++) if (pools[at_pool].touched) start(at_pool);
    printf("]}\n");
}

int main(void) {
    static char *line;
    size_t length = 0, size = 1 << 16;
    line = grown(NULL, size);
    while (fgets(line + length, (int)(size - length), stdin)) {
        length += strlen(line + length);
        if (line[length - 1] != '\n') {
            line = grown(line, size *= 2);
            continue;
        }
        length = used = 0;
        at = line;
        size_t told = parse();
        const char *name = text(told, "type");
        if (!strncmp(name, "round\"", 6)) {
            decide(told);
        } else if (!strncmp(name, "hello\"", 6)) {
            printf("{\"protocol\":1}\n");
        } else if (!strncmp(name, "fleet\"", 6)) {
            for (size_t pool = first(told, "pools"); pool; pool = values[pool].next) pool_count++;
            pools = calloc(pool_count, sizeof *pools);
            if (!pools) die("no memory");
        }
        fflush(stdout);
    }
    return 0;
}
