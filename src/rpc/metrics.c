/* Counters, and the Prometheus text made of them. */

#include "rpc/dispatcher_internal.h"

/* Upper bounds of the histogram's buckets. */
static const struct {
    int64_t ns;
    const char *text;
} bounds[RPC_HISTOGRAM_BUCKETS] = {
    {100000, "0.0001"},  {250000, "0.00025"}, {500000, "0.0005"},  {1000000, "0.001"},
    {2500000, "0.0025"}, {5000000, "0.005"},  {10000000, "0.01"},  {25000000, "0.025"},
    {50000000, "0.05"},  {100000000, "0.1"},  {250000000, "0.25"}, {1000000000, "1"},
    {5000000000, "5"},   {30000000000, "30"},
};

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void rpc_stats_count(struct rpc_stats *stats, enum bs_code code, int64_t ns)
{
    size_t idx = (unsigned)code < RPC_CODES ? (size_t)code : (size_t)BS_UNKNOWN;
    size_t bucket = 0;
    atomic_fetch_add_explicit(&stats->by_code[idx], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&stats->sum_ns, (uint64_t)BS_MAX(ns, 0), memory_order_relaxed);
    while (bucket < RPC_HISTOGRAM_BUCKETS && ns > bounds[bucket].ns)
        bucket++;
    if (bucket < RPC_HISTOGRAM_BUCKETS)
        atomic_fetch_add_explicit(&stats->buckets[bucket], 1, memory_order_relaxed);
}

static void add_stats(const struct rpc_stats *stats, struct rpc_counters *counters)
{
    counters->started += load(&stats->started);
    for (size_t code = 0; code < RPC_CODES; code++) {
        counters->by_code[code] += load(&stats->by_code[code]);
        counters->finished += load(&stats->by_code[code]);
    }
}

void rpc_dispatcher_counters(struct rpc_dispatcher *dispatcher, struct rpc_counters *ret_counters)
{
    struct rpc_counters counters = {
        .refused_overload = load(&dispatcher->refused_overload),
        .refused_draining = load(&dispatcher->refused_draining),
        .cancelled_in_queue = load(&dispatcher->cancelled_in_queue),
        .expired_in_queue = load(&dispatcher->expired_in_queue),
        .in_flight = load(&dispatcher->in_flight),
    };
    add_stats(&dispatcher->unknown, &counters);
    for (size_t i = 0; dispatcher->served && i <= dispatcher->served_mask; i++) {
        if (dispatcher->served[i].method)
            add_stats(dispatcher->served[i].stats, &counters);
    }
    struct rpc_pool *pool = &dispatcher->pool;
    pthread_mutex_lock(&pool->lock);
    counters.running = pool->active;
    counters.waiting = pool->waiting;
    counters.queued = pool->queued.count;
    counters.threads = pool->threads;
    pthread_mutex_unlock(&pool->lock);
    *ret_counters = counters;
}

static void write_codes(const char *method, const struct rpc_stats *stats, struct bs_buf *out)
{
    for (size_t code = 0; code < RPC_CODES; code++) {
        uint64_t count = load(&stats->by_code[code]);
        if (count > 0)
            bs_buf_printf(out, "rpc_calls_total{method=\"%s\",code=\"%s\"} %llu\n", method,
                          bs_code_name((enum bs_code)code), (unsigned long long)count);
    }
}

static void write_histogram(const char *method, const struct rpc_stats *stats, struct bs_buf *out)
{
    uint64_t total = 0, sum = 0;
    for (size_t code = 0; code < RPC_CODES; code++)
        total += load(&stats->by_code[code]);
    if (total == 0)
        return;
    for (size_t i = 0; i < RPC_HISTOGRAM_BUCKETS; i++) {
        sum += load(&stats->buckets[i]);
        bs_buf_printf(out, "rpc_call_seconds_bucket{method=\"%s\",le=\"%s\"} %llu\n", method,
                      bounds[i].text, (unsigned long long)sum);
    }
    total = BS_MAX(total, sum); /* counted a moment later */
    bs_buf_printf(out, "rpc_call_seconds_bucket{method=\"%s\",le=\"+Inf\"} %llu\n", method,
                  (unsigned long long)total);
    bs_buf_printf(out, "rpc_call_seconds_sum{method=\"%s\"} %.9f\n", method,
                  (double)load(&stats->sum_ns) / 1e9);
    bs_buf_printf(out, "rpc_call_seconds_count{method=\"%s\"} %llu\n", method,
                  (unsigned long long)total);
}

static void write_number(struct bs_buf *out, const char *name, const char *type, const char *help,
                         uint64_t value)
{
    bs_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
                  (unsigned long long)value);
}

/* Calls `write` for each method, by name of the services and in their order. */
static void write_methods(const struct rpc_dispatcher *dispatcher, struct bs_buf *out,
                          void (*write)(const char *, const struct rpc_stats *, struct bs_buf *))
{
    for (size_t i = 0; i < dispatcher->registrations_count; i++) {
        const struct rpc_service *service = dispatcher->registrations[i]->service;
        for (size_t m = 0; m < service->methods_count; m++) {
            const char *name = service->methods[m].full_name;
            const struct rpc_served *served = rpc_dispatcher_lookup(dispatcher, bs_str_from(name));
            if (served)
                write(name, served->stats, out);
        }
    }
    write("unknown", &dispatcher->unknown, out);
}

void rpc_dispatcher_write_metrics(struct rpc_dispatcher *dispatcher, struct bs_buf *out)
{
    struct rpc_counters counters;
    rpc_dispatcher_counters(dispatcher, &counters);
    write_number(out, "rpc_calls_started_total", "counter", "Calls that came.", counters.started);
    bs_buf_append_cstr(out, "# HELP rpc_calls_total Calls that were answered, by status.\n"
                            "# TYPE rpc_calls_total counter\n");
    write_methods(dispatcher, out, write_codes);
    bs_buf_append_cstr(out, "# HELP rpc_call_seconds From a call's arrival to its answer.\n"
                            "# TYPE rpc_call_seconds histogram\n");
    write_methods(dispatcher, out, write_histogram);
    write_number(out, "rpc_calls_in_flight", "gauge", "Calls accepted and not yet done.",
                 counters.in_flight);
    write_number(out, "rpc_calls_running", "gauge", "Calls that hold a run slot.",
                 counters.running);
    write_number(out, "rpc_calls_waiting", "gauge", "Calls that wait for a sync or a basis.",
                 counters.waiting);
    write_number(out, "rpc_calls_queued", "gauge", "Calls that wait for a worker.",
                 counters.queued);
    write_number(out, "rpc_threads", "gauge", "Threads of the workers.", counters.threads);
    write_number(out, "rpc_refused_overload_total", "counter", "Calls refused: the queue was full.",
                 counters.refused_overload);
    write_number(out, "rpc_refused_draining_total", "counter", "Calls refused: shutting down.",
                 counters.refused_draining);
    write_number(out, "rpc_cancelled_in_queue_total", "counter", "Calls cancelled before they ran.",
                 counters.cancelled_in_queue);
    write_number(out, "rpc_expired_in_queue_total", "counter",
                 "Calls whose deadline passed before they ran.", counters.expired_in_queue);
}
