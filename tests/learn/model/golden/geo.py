#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes geo.csv, the known answers for test_geo.c: how unusual a place is among clusters.

Usage: python3 geo.py > geo.csv

From the definitions in docs/method/lat_long.md alone: distances by the haversine, the share of each
cluster's law that lies where the mixture is no denser than at the place by numerical integration
over the sphere (rays from its middle), where the program has a closed form that takes the clusters
for far apart. Lines: "case" with the faded buckets and the tally of foundings, "cluster" with
latitude, longitude, standard deviation in km and weight, "place" with latitude, longitude, ln p and
the kilometres to the nearest cluster.
"""
from math import asin, atan2, cos, degrees, exp, log, log2, pi, radians, sin, sqrt

EARTH = 6371.0
RAYS = 48
STEPS = 6000
FAR = 45.0  # in units of -ln of the share


def haversine(a, b):
    p, q = radians(a[0]), radians(b[0])
    h = sin((q - p) / 2) ** 2 + cos(p) * cos(q) * sin(radians(b[1] - a[1]) / 2) ** 2
    return 2 * EARTH * asin(min(1, sqrt(h)))


def go(a, bearing, km):
    """Where one arrives from a; the great circle's destination formula."""
    p, d = radians(a[0]), km / EARTH
    lat = asin(max(-1, min(1, sin(p) * cos(d) + cos(p) * sin(d) * cos(bearing))))
    lon = radians(a[1]) + atan2(sin(bearing) * sin(d) * cos(p), cos(d) - sin(p) * sin(lat))
    return degrees(lat), (degrees(lon) + 540) % 360 - 180


def density(clusters, x):
    total = 0
    for lat, lon, km, w in clusters:
        k = (EARTH / km) ** 2
        c = 1 - cos(haversine((lat, lon), x) / EARTH)
        total += w * k / (2 * pi * -(exp(-2 * k) - 1)) * exp(-k * c)
    return total


def rarer(clusters, i, level):
    """The share of the law of cluster i where the mixture is at most `level`."""
    lat, lon, km, _ = clusters[i]
    k = (EARTH / km) ** 2
    dt = FAR / STEPS
    inside = outside = 0.0
    for n in range(STEPS):
        t = (n + 0.5) * dt
        if t >= 2 * k:
            break
        mass = exp(-t) * dt
        angle = 2 * asin(sqrt(t / k / 2))
        for r in range(RAYS):
            y = go((lat, lon), 2 * pi * (r + 0.5) / RAYS, angle * EARTH)
            if density(clusters, y) <= level:
                inside += mass / RAYS
            else:
                outside += mass / RAYS
    return inside / (inside + outside)


def news(founded, km):
    at = km / 200 if km < 200 else 1 + log2(km / 200)
    n = 0.0
    for i, c in enumerate(founded):
        n += c * min(1, max(0, i + 1 - at))
    # Of k beyond 200 km the next is the farthest with 1 / (k + 1), then as travel goes on.
    far = sum(founded[1:])
    if far > 0:
        last = 100 * 2 ** max(i for i, c in enumerate(founded) if c > 0.05)
        beyond = (1 + max(km, last) / 100) / (1 + last / 100)
        n = max(n, far / (far + 1) * beyond ** -0.6)
    return n


BERLIN, PARIS, LYON, TOKYO, FIJI, SUVA_EAST, POLE = (
    (52.52, 13.405), (48.8566, 2.3522), (45.764, 4.8357), (35.68, 139.77), (-17.8, 179.9), (-17.8, -179.6), (89.9, 10.0))
CASES = [
    (400, [0] * 8, [BERLIN + (50, 400)],
     [BERLIN, (52.52, 14.2), (53.6, 13.405), (52.4, 15.6), (52.4, 16.9), PARIS, TOKYO, (-52.52, -166.595)]),
    (900, [1, 0, 2, 0, 0, 1, 0, 0], [BERLIN + (50, 700), PARIS + (60, 150), TOKYO + (90, 3)],
     [BERLIN, PARIS, TOKYO, LYON, (49.8, 2.4), (36.5, 138.0), (40.7, -74.0)]),
    (200, [0] * 8, [FIJI + (55, 150), POLE + (120, 20)], [FIJI, SUVA_EAST, (-17.8, -177.0), (89.5, -170.0), (85.0, 100.0)]),
    (5000, [0, 3, 8, 11, 9, 4, 1, 0], [(30.0, -90.0, 800, 2000), (20.0, 80.0, 1500, 900), (-25.0, 140.0, 60, 40)],
     [(35.0, -95.0), (-25.0, 140.0), (-30.0, -140.0), (25.0, 70.0)]),
]

print("# made by geo.py; do not edit")
for buckets, founded, clusters, places in CASES:
    print("case,%d,%s" % (buckets, ",".join(map(str, founded))))
    for c in clusters:
        print("cluster,%.6f,%.6f,%g,%g" % c)
    for x in places:
        level = density(clusters, x)
        known = sum(c[3] * rarer(clusters, i, level * (1 + 1e-9)) for i, c in enumerate(clusters))
        km = min(haversine(c[:2], x) for c in clusters)
        met = known + news(founded, km)
        rate = min(1, (met + 0.5 * (1 + km / 100) ** -0.6) / (buckets + 1))
        print("place,%.6f,%.6f,%.6f,%.3f" % (x + ((1 + 0.5 / (1 + met)) * log(rate), km)))
