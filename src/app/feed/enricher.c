/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/enricher.h"

#include "base/ip.h"
#include "base/mem.h"
#include "enrich/enrich.h"

#include <string.h>

enum err feed_enricher_new(const char *const *home, size_t home_n, const char *const *geoip,
                           size_t geoip_n, struct enrich **out, struct err_text *why)
{
    struct ip_net *nets = mem_zero(home_n, sizeof(*nets));
    enum err err = nets != NULL ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < home_n && err == ERR_NONE; i++)
        if (!ip_parse_net(home[i], strlen(home[i]), &nets[i]))
            err = err_set(why, ERR_INVALID,
                          "'%s' is no home network; expected CIDR form such as 192.168.0.0/16",
                          home[i]);
    if (err == ERR_NONE) {
        const struct enrich_config config = {
            .home = nets, .n_home = home_n, .geoip = geoip, .n_geoip = geoip_n};
        err = enrich_new(&config, out, why);
    }
    mem_free(nets);
    return err;
}
