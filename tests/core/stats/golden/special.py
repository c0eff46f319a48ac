#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes special.csv, the known answers for test_special.c and test_dist.c, with mpmath.

Usage: python3 special.py > special.csv     (needs mpmath; 50 digits, series and quadrature)
Columns: function, up to four arguments, one or two results (natural logarithms where the name says
log), and the tolerance: relative, or absolute where the result is near 0.
"""
import mpmath as mp

mp.mp.dps = 60
FLOOR = mp.mpf("-690775.5")


def out(name, args, results, tol):
    args = [repr(float(a)) for a in args] + [""] * (4 - len(args))
    results = [mp.nstr(r, 17) for r in results] + [""] * (2 - len(results))
    print(",".join([name] + args + results + [tol]))


def log(x):
    return mp.log(x) if x > 0 else FLOOR


def f(x):
    return mp.mpf(float(x))


def pair(small, first):
    """ln of the smaller side and of its complement, in the order lower, upper."""
    both = [log(small), max(mp.log1p(-small), FLOOR)] if small > mp.mpf(10) ** -300000 else [FLOOR, mp.mpf(0)]
    return both if first else both[::-1]


def gamma_sides(a, x):
    """The power series of P below the mean, the continued fraction of Q above, 60 digits."""
    front = mp.exp(a * mp.log(x) - x - mp.loggamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = 0
        while term > total * mp.mpf(10) ** -45:
            n += 1
            term *= x / (a + n)
            total += term
        p = front * total
        return pair(p, True) if p < 0.75 else pair(1 - p, False)
    steps = int(200 + 30 * mp.sqrt(a))
    h = mp.mpf(0)
    for i in range(steps, 0, -1):
        h = -i * (i - a) / (x + 2 * i + 1 - a + h)
    return pair(front / (x + 1 - a + h), False)


print("# made by special.py; do not edit")
for x in (1e-9, 0.1, 0.5, 1.5, 3, 10, 55.25, 1e4, 1e9, 1e15):
    out("log_gamma", [x], [mp.loggamma(f(x))], "1e-13")
for x in (1e-6, 0.3, 1, 2.5, 8, 100, 1e7):
    out("digamma", [x], [mp.digamma(f(x))], "1e-12")
for a, b in ((0.1, 0.2), (0.5, 30), (2, 1e6), (20, 20), (1e5, 300), (1e8, 1e8), (1e-3, 1e9)):
    out("log_beta", [a, b], [mp.log(mp.gamma(f(a))) + mp.log(mp.gamma(f(b))) - mp.log(mp.gamma(f(a) + f(b)))
        if a + b < 1e4 else mp.loggamma(f(a)) + mp.loggamma(f(b)) - mp.loggamma(f(a) + f(b))], "1e-11")
for z in (-50, -8, -1, 0, 0.5, 3, 8, 20, 24.9, 25.1, 37, 100, 1000):
    out("log_normal_tail", [z], [mp.log(mp.erfc(f(z) / mp.sqrt(2)) / 2)], "1e-11")
for a in (0.01, 0.5, 1, 3.5, 20, 150, 5000, 29999):
    for r in (0.01, 0.5, 0.9, 1, 1.05, 1.5, 3, 10):
        x = f(float(a * r))
        out("log_gamma_sides", [a, float(x)], gamma_sides(f(a), x), "1e-10")
for a in (4e4, 1e6):
    for s in (-20, -3, -0.1, 0.2, 4, 30):
        x = f(float(a + s * a**0.5))
        out("log_gamma_sides", [a, float(x)], gamma_sides(f(a), x), "1e-8")


def betasides(a, b, x):
    """Power series of I_x(a, b) (Abramowitz and Stegun 26.5.4), from the side where it is small."""
    def lower(a, b, x):
        front = a * mp.log(x) + b * mp.log(1 - x) - mp.log(a) - (mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b))
        term = total = mp.mpf(1)
        n = 0
        while term > total * mp.mpf(10) ** -45:
            term *= (a + b + n) / (a + 1 + n) * x
            total += term
            n += 1
        return mp.exp(front) * total
    if x < a / (a + b):
        p = lower(a, b, x)
        return pair(p, True) if p < 0.75 else pair(1 - p, False)
    q = lower(b, a, 1 - x)
    return pair(q, False) if q < 0.75 else pair(1 - q, True)


for a, b in ((0.5, 0.5), (2, 30), (30, 2), (0.05, 4), (300, 40), (5000, 12), (400, 0.3)):
    mean = a / (a + b)
    for x in (0.001, 0.5 * mean, 0.99 * mean, mean, mean + 0.5 * (1 - mean), 0.999):
        out("log_beta_sides", [a, b, x], betasides(f(a), f(b), f(x)), "1e-10")
for nu in (1, 2.5, 7, 30, 1000):
    for t in (-40, -2, 0, 0.7, 5, 60, 1e6):
        w = f(nu) / (f(nu) + f(t) ** 2)
        half = mp.mpf(1) / 2 if t == 0 else mp.exp(betasides(f(nu) / 2, mp.mpf(1) / 2, w)[0]) / 2
        out("student", [t, 0, 1, nu], pair(half, t < 0), "1e-10")
for m in (0.01, 1, 20, 900):
    for k in (0, 1, 5, 30, 1000, 5000):
        lo = gamma_sides(f(k + 1), f(m))[1]
        hi = gamma_sides(f(k), f(m))[0] if k > 0 else mp.mpf(0)
        out("poisson", [k, m], [lo, hi], "1e-10")
for m, r in ((0.02, 0.1), (3, 0.5), (50, 5), (55, 34), (1000, 2), (20000, 50)):
    for k in (0, 1, int(m), int(3 * m) + 1, int(20 * m) + 5):
        p = f(m) / (f(m) + f(r))
        hi = betasides(f(k), f(r), p)[0] if k > 0 else mp.mpf(0)
        lo = betasides(f(k + 1), f(r), p)[1]
        out("negbin", [k, m, r], [lo, hi], "1e-10")
for x, shape, scale in ((0.3, 0.5, 2), (100, 4, 3), (1e9, 0.8, 1e7)):
    out("gamma", [x, shape, scale], gamma_sides(f(shape), f(x) / f(scale)), "1e-10")
