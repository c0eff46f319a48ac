/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/filter.h"

#include "base/mem.h"

#include <pcap/pcap.h>

#define SNAPLEN_MAX 262144
#define LINK_ETHERNET 1

struct program {
    uint32_t link;
    struct bpf_program bpf;
};

struct capture_filter {
    char *expression;
    struct program *programs; /* one for each link type met */
    size_t program_n;
    size_t program_cap;
};

/* Files number some link types differently from libpcap's own functions. */
static int link_to_dlt(uint32_t link)
{
    return link == 101 ? DLT_RAW : (int)link;
}

static enum err compile(struct capture_filter *f, uint32_t link, struct err_text *why,
                        struct program **out)
{
    if (mem_grow((void **)&f->programs, &f->program_cap, f->program_n + 1,
                 sizeof(f->programs[0])) != 0)
        return ERR_MEMORY;
    pcap_t *dead = pcap_open_dead(link_to_dlt(link), SNAPLEN_MAX);
    if (dead == NULL)
        return ERR_MEMORY;
    struct program *p = &f->programs[f->program_n];
    p->link = link;
    enum err err = ERR_NONE;
    if (pcap_compile(dead, &p->bpf, f->expression, 1, PCAP_NETMASK_UNKNOWN) != 0)
        err = err_set(why, ERR_INVALID, "filter \"%s\" for link type %u: %s", f->expression,
                      (unsigned)link, pcap_geterr(dead));
    pcap_close(dead);
    if (err != ERR_NONE)
        return err;
    f->program_n++;
    *out = p;
    return ERR_NONE;
}

enum err capture_filter_new(const char *expression, struct err_text *why,
                            struct capture_filter **out)
{
    struct capture_filter *f = mem_zero(1, sizeof(*f));
    if (f == NULL)
        return ERR_MEMORY;
    enum err err = ERR_MEMORY;
    struct program *p;
    f->expression = mem_strdup(expression);
    if (f->expression != NULL)
        err = compile(f, LINK_ETHERNET, why, &p);
    if (err != ERR_NONE) {
        capture_filter_free(f);
        return err;
    }
    *out = f;
    return ERR_NONE;
}

void capture_filter_free(struct capture_filter *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->program_n; i++)
        pcap_freecode(&f->programs[i].bpf);
    mem_free(f->programs);
    mem_free(f->expression);
    mem_free(f);
}

enum err capture_filter_match(struct capture_filter *f, const struct capture_packet *p,
                              struct err_text *why, bool *out_match)
{
    struct program *program = NULL;
    for (size_t i = 0; i < f->program_n && program == NULL; i++)
        if (f->programs[i].link == p->link)
            program = &f->programs[i];
    if (program == NULL) {
        enum err err = compile(f, p->link, why, &program);
        if (err != ERR_NONE)
            return err;
    }
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)p->data.n, .len = p->wire_len};
    *out_match = pcap_offline_filter(&program->bpf, &header, p->data.p) != 0;
    return ERR_NONE;
}
