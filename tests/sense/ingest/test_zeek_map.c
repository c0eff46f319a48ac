/* SPDX-License-Identifier: Apache-2.0 */
/* DNS, HTTP, TLS and other logs: what each column becomes. */
#include "ingest_lines.h"

static void dns_matches_the_public_jobs(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "dns.log",
             "{\"ts\":1700000000.5,\"uid\":\"Cd\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":5000,"
             "\"id.resp_h\":\"10.0.0.53\",\"id.resp_p\":53,\"proto\":\"udp\",\"trans_id\":7,"
             "\"rtt\":0.0125,\"query\":\"a.b.example.com\",\"qclass\":1,\"qclass_name\":"
             "\"C_INTERNET\",\"qtype\":1,\"qtype_name\":\"A\",\"rcode\":0,\"rcode_name\":"
             "\"NOERROR\",\"AA\":false,\"TC\":false,\"RD\":true,\"RA\":true,\"Z\":0,\"answers\":"
             "[\"c.example.net\",\"192.0.2.7\"],\"TTLs\":[60.0,30.5],\"rejected\":false}\n");
    assert_int_equal(l.n, 1);
    struct event *e = &l.events[0];
    lines_expect(e, "event.category", "network");
    lines_expect(e, "event.dataset", "zeek.dns");
    lines_expect(e, "event.dataset", "network_traffic.dns");
    lines_expect(e, "data_stream.dataset", "zeek.dns");
    lines_expect(e, "agent.type", "packetbeat");
    lines_expect(e, "dns.question.name", "a.b.example.com");
    lines_expect(e, "dns.question.type", "A");
    lines_expect(e, "dns.question.class", "IN");
    lines_expect(e, "dns.response_code", "NOERROR");
    lines_expect(e, "dns.id", "7");
    lines_expect(e, "dns.answers.data", "c.example.net");
    lines_expect(e, "dns.answers.data", "192.0.2.7");
    lines_expect(e, "dns.answers.ttl", "30");
    lines_expect(e, "dns.resolved_ip", "192.0.2.7");
    lines_expect(e, "dns.header_flags", "RD");
    lines_expect(e, "dns.header_flags", "RA");
    lines_expect(e, "dns.type", "answer");
    lines_expect(e, "event.duration", "12500000");
    lines_expect(e, "destination.ip", "10.0.0.53");
    lines_expect(e, "zeek.dns.Z", "0");
    assert_null(event_get(e, EVENT_F_SOURCE_BYTES));
    lines_release(&l);
}

static void http_gets_its_url(void **state)
{
    (void)state;
    struct lines l;
    lines_of(
        &l, "http.log",
        "{\"ts\":1,\"uid\":\"Ch\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":5,\"id.resp_h\":"
        "\"192.0.2.1\",\"id.resp_p\":8080,\"method\":\"POST\",\"host\":\"www.example.com:8080\","
        "\"uri\":\"/up/x.php?a=1&b=2#top\",\"version\":\"1.1\",\"user_agent\":\"curl/8\","
        "\"request_body_len\":700,\"response_body_len\":20,\"status_code\":404,"
        "\"status_msg\":\"Not Found\",\"tags\":[]}\n"
        "{\"ts\":2,\"uid\":\"Ci\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":5,\"id.resp_h\":"
        "\"192.0.2.1\",\"id.resp_p\":3128,\"method\":\"GET\",\"host\":\"[2001:db8::1]:80\","
        "\"uri\":\"http://other.example/x\"}\n");
    assert_int_equal(l.n, 2);
    struct event *e = &l.events[0];
    lines_expect(e, "event.dataset", "network_traffic.http");
    lines_expect(e, "url.full", "http://www.example.com:8080/up/x.php?a=1&b=2#top");
    lines_expect(e, "url.domain", "www.example.com");
    lines_expect(e, "server.domain", "www.example.com");
    lines_expect(e, "url.path", "/up/x.php");
    lines_expect(e, "url.query", "a=1&b=2");
    lines_expect(e, "url.fragment", "top");
    lines_expect(e, "http.request.method", "POST");
    lines_expect(e, "http.request.body.bytes", "700");
    lines_expect(e, "http.response.status_code", "404");
    lines_expect(e, "event.outcome", "failure");
    lines_expect(e, "event.category", "web");
    lines_expect(e, "user_agent.original", "curl/8");
    lines_expect(&l.events[1], "url.full", "http://other.example/x");
    lines_expect(&l.events[1], "url.domain", "2001:db8::1");
    lines_release(&l);
}

static void tls_has_its_names(void **state)
{
    (void)state;
    struct lines l;
    lines_of(
        &l, "ssl.log",
        "{\"ts\":1,\"uid\":\"Cs\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":5,\"id.resp_h\":"
        "\"192.0.2.1\",\"id.resp_p\":443,\"version\":\"TLSv12\",\"cipher\":\"TLS_X\",\"curve\":"
        "\"x25519\",\"server_name\":\"www.example.com\",\"resumed\":false,\"established\":true,"
        "\"ja3\":\"aa\",\"ja3s\":\"bb\",\"subject\":\"CN=x\",\"cert_chain_fuids\":[\"F1\"]}\n");
    struct event *e = &l.events[0];
    lines_expect(e, "tls.version", "1.2");
    lines_expect(e, "tls.version_protocol", "tls");
    lines_expect(e, "tls.client.server_name", "www.example.com");
    lines_expect(e, "tls.client.ja3", "aa");
    lines_expect(e, "tls.server.ja3s", "bb");
    lines_expect(e, "tls.server.subject", "CN=x");
    lines_expect(e, "tls.established", "true");
    lines_expect(e, "event.dataset", "network_traffic.tls");
    lines_expect(e, "zeek.ssl.cert_chain_fuids", "F1");
    lines_release(&l);
}

static void other_logs_are_kept_whole(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "x.log",
             "{\"_path\":\"ssh\",\"ts\":\"2024-01-31T10:00:00.5Z\",\"uid\":\"Cx\",\"id.orig_h\":"
             "\"2001:db8::5\",\"id.orig_p\":5,\"id.resp_h\":\"2001:db8::6\",\"id.resp_p\":22,"
             "\"auth_success\":true,\"version\":2,\"client\":\"SSH-2.0\"}\n"
             "{\"_path\":\"stats\",\"ts\":1700000000.25,\"peer\":\"zeek\",\"mem\":74}\n");
    assert_int_equal(l.n, 2);
    lines_expect(&l.events[0], "event.dataset", "zeek.ssh");
    lines_expect(&l.events[0], "event.category", "network");
    lines_expect(&l.events[0], "source.ip", "2001:db8::5");
    lines_expect(&l.events[0], "network.type", "ipv6");
    lines_expect(&l.events[0], "zeek.ssh.auth_success", "true");
    lines_expect(&l.events[0], "zeek.ssh.client", "SSH-2.0");
    lines_expect(&l.events[1], "zeek.stats.mem", "74");
    assert_null(event_get(&l.events[1], EVENT_F_EVENT_CATEGORY));
    lines_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dns_matches_the_public_jobs),
        cmocka_unit_test(http_gets_its_url),
        cmocka_unit_test(tls_has_its_names),
        cmocka_unit_test(other_logs_are_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
