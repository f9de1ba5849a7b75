// Where rows that take each target with one probability can be entered: at every 64th skip.
//
// Callers: any thread. A row's skips follow on each other, so that the one that decides on a target
// is not known without those before it. Where rows are made again for each spike, it is noted which
// target is the first that a piece of 64 skips decides on (simgen/connect/implied.py): 4 bytes for
// 64 synapses. A warp then makes any piece by itself, and a thread what it owns of a row.
#ifndef SG_SKIP_PIECES_H
#define SG_SKIP_PIECES_H

#include "skips.h"

enum { SG_PIECE_BLOCKS = 32, SG_PIECE_SKIPS = 64 };  // as in simgen/connect/oracle.py

#endif
