/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded captures through capture, decode and proto: a few that are here, with what is known of
 * them; and, when WEIR_DATA_DIR names a folder of captures, all of those, whole and cut, and nDPI's
 * published counts for its own.
 */
#include "capture/file.h"
#include "decode/decoder.h"
#include "proto/detect.h"
#include "proto/dns.h"
#include "proto/http.h"
#include "proto/tls.h"

#include "cmocka_head.h"
#include "sense/frames.h"
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

/* One TCP conversation, its segments taken in the order they come. */
struct talk {
    uint32_t next[2];
    bool started[2];
    struct proto_tls_conn *tls;
    struct proto_http_conn *http;
    struct proto_dns_stream *dns[2];
};

struct run {
    size_t cut;  /* bytes kept of each packet; 0 for all */
    bool follow; /* the one TCP conversation of the file */
    struct talk talk;
    struct arena arena;
    uint64_t packets;
    uint64_t wire_len;
    uint64_t ip;        /* packets given on, fragments counted one by one */
    uint64_t ip_bytes;  /* of their frames */
    uint64_t tunnelled; /* most IP headers around one */
    uint64_t interfaces;
    uint64_t dns;
    struct proto_dns_message last_dns;
    char last_name[256];
};

static void on_dns(void *ctx, ts_ns ts, struct bytes message)
{
    struct run *r = ctx;
    (void)ts;
    arena_clear(&r->arena);
    struct proto_dns_message m;
    if (proto_dns_parse(message, &r->arena, &m) == PROTO_DNS_SHORT)
        return;
    r->dns++;
    r->last_dns = m;
    if (m.question_n > 0)
        snprintf(r->last_name, sizeof(r->last_name), "%s", m.questions[0].name.s);
}

static void on_http(void *ctx, const struct proto_http_message *m)
{
    (void)ctx;
    assert_true(m->wire_bytes >= m->head_bytes + m->body_bytes);
}

static void on_segment(struct run *r, const struct decode_packet *p)
{
    struct talk *t = &r->talk;
    enum proto_dir dir = p->src_port > p->dst_port ? PROTO_DIR_A : PROTO_DIR_B;
    if (p->tcp.flags & DECODE_TCP_SYN) {
        t->next[dir] = p->tcp.seq + 1;
        t->started[dir] = true;
    }
    if (!t->started[dir] || p->payload.n == 0 || p->tcp.seq != t->next[dir])
        return;
    t->next[dir] += (uint32_t)p->payload.n;
    proto_tls_conn_feed(t->tls, dir, p->ts, p->payload);
    proto_http_conn_feed(t->http, dir, p->ts, p->payload);
    proto_dns_stream_feed(t->dns[dir], p->ts, p->payload);
}

static void on_packet(void *ctx, const struct decode_packet *p)
{
    struct run *r = ctx;
    assert_true(p->payload.n <= p->payload_len);
    assert_true(p->ip_len <= p->wire_len);
    r->ip += p->packets;
    r->ip_bytes += p->wire_len;
    if (p->tunnels > r->tunnelled)
        r->tunnelled = p->tunnels;
    if (p->proto == DECODE_PROTO_UDP &&
        proto_detect_datagram(p->payload, p->src_port, p->dst_port) == PROTO_KIND_DNS)
        on_dns(r, p->ts, p->payload);
    if (p->proto == DECODE_PROTO_TCP && p->payload.n > 0)
        proto_detect_stream(p->payload, p->src_port, p->dst_port);
    if (p->proto == DECODE_PROTO_TCP && r->follow)
        on_segment(r, p);
}

static void start_run(struct run *r, size_t cut, bool follow)
{
    memset(r, 0, sizeof(*r));
    r->cut = cut;
    r->follow = follow;
    arena_init(&r->arena, 0);
    r->talk.tls = proto_tls_conn_new();
    r->talk.http = proto_http_conn_new(on_http, r);
    for (int i = 0; i < 2; i++)
        r->talk.dns[i] = proto_dns_stream_new(on_dns, r);
}

static void end_run(struct run *r)
{
    proto_tls_conn_free(r->talk.tls);
    proto_http_conn_free(r->talk.http);
    for (int i = 0; i < 2; i++)
        proto_dns_stream_free(r->talk.dns[i]);
    arena_release(&r->arena);
}

/* Whether it was a capture file. */
static bool run_file(struct run *r, const char *path)
{
    struct err_text why;
    struct capture_file *f;
    struct capture_packet p;
    struct decode_decoder *d;
    struct decode_settings settings = decode_settings_default();
    enum err err = capture_file_open(path, NULL, &why, &f);
    if (err != ERR_NONE) {
        assert_int_equal(err, ERR_FORMAT);
        assert_true(why.message[0] != '\0');
        return false;
    }
    assert_int_equal(decode_decoder_new(&settings, on_packet, r, &d), ERR_NONE);
    while ((err = capture_file_next(f, &why, &p)) == ERR_NONE) {
        size_t n = r->cut > 0 && p.data.n > r->cut ? r->cut : p.data.n;
        struct bytes copy = frame_copy(p.data.p, n);
        struct decode_input in = {.ts = p.ts,
                                  .link = p.link,
                                  .interface = p.interface,
                                  .wire_len = p.wire_len,
                                  .data = copy};
        decode_decoder_feed(d, &in);
        frame_drop(copy);
        r->packets++;
        r->wire_len += p.wire_len;
        if (p.interface >= r->interfaces)
            r->interfaces = p.interface + 1;
    }
    assert_int_equal(err, ERR_END);
    decode_decoder_flush(d);
    assert_int_equal(decode_decoder_counters(d)->bytes, r->wire_len);
    assert_true(r->ip_bytes <= r->wire_len);
    decode_decoder_free(d);
    capture_file_close(f);
    return true;
}

static void run_here(struct run *r, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/data/captures/%s", WEIR_SOURCE_DIR, name);
    start_run(r, 0, true);
    assert_true(run_file(r, path));
}

static void a_full_tls_handshake(void **state)
{
    (void)state;
    struct run r;
    run_here(&r, "tls-dhe.pcap");
    const struct proto_tls_info *i = proto_tls_conn_info(r.talk.tls);
    char b[PROTO_TLS_NAME_SIZE];
    assert_int_equal(r.ip, 24);
    assert_int_equal(i->state, PROTO_TLS_DONE);
    assert_true(i->established);
    assert_string_equal(proto_tls_cipher_name(i->cipher, b),
                        "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA");
    assert_string_equal(i->client_hello.ja3, "de84fb3130387884de22865d3d39d347");
    assert_int_equal(i->server_chain_n, 2);
    /* Zeek's ssl.log names the certificates by these. */
    assert_string_equal(i->server_chain[0].hash.sha256,
                        "b706ad178447821cc60aca1e0cd59697333a6178fd1c73f839fbdfb5b76bc507");
    assert_string_equal(i->server_chain[1].hash.sha256,
                        "cb2db573610f401e8d602917bbbe6ab4162255f208efad909d5440691aa0203c");
    assert_string_equal(i->server_chain[0].common_name, "www.lilawelt.net");
    end_run(&r);
}

static void dns_over_tcp(void **state)
{
    (void)state;
    struct run r;
    run_here(&r, "dns-tcp.pcap");
    assert_int_equal(r.ip, 20);
    assert_int_equal(r.dns, 4);
    assert_string_equal(r.last_name, "aol.com");
    assert_true(r.last_dns.response);
    assert_int_equal(r.last_dns.answer_n, 5);
    end_run(&r);
}

static void dns_within_three_tunnels(void **state)
{
    (void)state;
    struct run r;
    run_here(&r, "6in4-gre-ppp-dns.pcap");
    assert_int_equal(r.ip, 2);
    assert_int_equal(r.ip_bytes, 465); /* Arkime's network.bytes */
    assert_int_equal(r.tunnelled, 2);
    assert_int_equal(r.dns, 2);
    assert_string_equal(r.last_name, "xqt-detect-mode2-97712e88-167a-45b9-93ee-913140e76678");
    assert_int_equal(r.last_dns.rcode, 3);
    assert_int_equal(r.last_dns.authority_n, 1);
    end_run(&r);
}

static void sections_and_interfaces(void **state)
{
    (void)state;
    struct run r;
    run_here(&r, "sections-be.pcapng");
    assert_int_equal(r.packets, 8);
    assert_int_equal(r.ip, 8);
    assert_true(r.interfaces > 1);
    end_run(&r);
}

static unsigned files_seen;

static void visit_file(const char *path)
{
    static const size_t cuts[] = {0, 60, 97};
    for (size_t i = 0; i < 3; i++) {
        struct run r;
        start_run(&r, cuts[i], true);
        bool is = run_file(&r, path);
        end_run(&r);
        if (!is)
            break;
        files_seen += i == 0;
    }
}

static void visit(const char *path)
{
    struct stat st;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char name[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        assert_int_equal(stat(name, &st), 0);
        if (S_ISDIR(st.st_mode))
            visit(name);
        else if (S_ISREG(st.st_mode) && st.st_size < 8 * 1024 * 1024)
            visit_file(name);
    }
    closedir(dir);
}

static void every_capture_at_hand(void **state)
{
    (void)state;
    const char *dir = getenv("WEIR_DATA_DIR");
    if (dir == NULL) {
        printf("skipped: WEIR_DATA_DIR names no folder of captures\n");
        return;
    }
    visit(dir);
    printf("%u captures\n", files_seen);
    assert_true(files_seen > 0);
}

/* The sum of "[12 pkts/3456 bytes <-> 7 pkts/890 bytes]" over a result file of nDPI. */
static void sum_expected(FILE *f, uint64_t *packets, uint64_t *bytes)
{
    static char line[65536];
    *packets = *bytes = 0;
    while (fgets(line, sizeof(line), f) != NULL) {
        for (const char *at = line; (at = strstr(at, " pkts/")) != NULL; at++) {
            const char *start = at;
            const char *end = at + strlen(" pkts/");
            if (*end < '0' || *end > '9')
                continue; /* an average, not a count */
            while (start > line && start[-1] >= '0' && start[-1] <= '9')
                start--;
            *packets += strtoull(start, NULL, 10);
            *bytes += strtoull(end, NULL, 10);
        }
    }
}

static void counts_that_ndpi_published(void **state)
{
    (void)state;
    static const char *const names[] = {
        "443-curl.pcap",
        "4in6tunnel.pcap",
        "among_us.pcap",
        "bittorrent_utp.pcap",
        "cassandra.pcap",
        "discord_mid_flow.pcap",
        "dropbox.pcap",
        "ethersbus.pcap",
        "jabber.pcap",
        "malformed_icmp.pcap",
        "mining.pcapng",
        "netease_games.pcapng",
        "nintendo.pcap",
        "quic_0RTT.pcap",
        "sonos.pcapng",
        "synscan.pcap",
        "tls-esni-fuzzed.pcap",
        "tls_false_positives.pcapng",
        "tor.pcap",
        "tumblr.pcap",
        "waze.pcap",
        "whatsapp_login_call.pcap",
        "zattoo.pcap",
        "zoom2.pcap",
        "telnet.pcap",
        "http_origin_different_than_host.pcap",
    };
    const char *dir = getenv("WEIR_DATA_DIR");
    unsigned equal = 0, different = 0;
    for (size_t i = 0; dir != NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        char path[1024];
        snprintf(path, sizeof(path), "%s/ndpi/tests/cfgs/default/result/%s.out", dir, names[i]);
        FILE *f = fopen(path, "r");
        if (f == NULL)
            continue;
        uint64_t packets, bytes;
        sum_expected(f, &packets, &bytes);
        fclose(f);
        snprintf(path, sizeof(path), "%s/ndpi/tests/cfgs/default/pcap/%s", dir, names[i]);
        struct run r;
        start_run(&r, 0, false);
        assert_true(run_file(&r, path));
        end_run(&r);
        bool is_equal = r.ip == packets && r.ip_bytes == bytes;
        /* A conversation that nDPI ends before its last packets. */
        bool is_other = strcmp(names[i], "telnet.pcap") == 0;
        if (is_equal == is_other)
            printf("%s: nDPI %llu packets, %llu bytes; here %llu, %llu\n", names[i],
                   (unsigned long long)packets, (unsigned long long)bytes, (unsigned long long)r.ip,
                   (unsigned long long)r.ip_bytes);
        equal += is_equal;
        different += is_equal == is_other;
    }
    if (equal == 0)
        printf("skipped: nDPI's captures are not there\n");
    else
        printf("%u captures count as nDPI says\n", equal);
    assert_int_equal(different, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_tls_handshake),     cmocka_unit_test(dns_over_tcp),
        cmocka_unit_test(dns_within_three_tunnels), cmocka_unit_test(sections_and_interfaces),
        cmocka_unit_test(every_capture_at_hand),    cmocka_unit_test(counts_that_ndpi_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
