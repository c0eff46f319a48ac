#ifndef BASE_IMAGE_H
#define BASE_IMAGE_H

/*
 * The program's and its libraries' own pages: code and constants as they are in their files.
 *
 * Starting reads symbols, relocations and set-up code of every library that is linked, some
 * megabytes that stay mapped although nobody reads them again. docs/method/memory.md.
 *
 * Ownership: nothing is allocated.
 * Threads:   any; others may run meanwhile.
 */

/*
 * Leaves those pages to the system's cache of files. What is needed again is mapped again when it
 * is touched. Nothing that was ever written to is concerned, but for a debugger's breakpoints.
 */
void image_shed(void);

#endif
