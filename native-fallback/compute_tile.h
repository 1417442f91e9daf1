// Computes one tile of a strip: what every thread does, alone.
#pragma once

#include "kernel.h"
#include "strip.h"
#include "tile.h"

namespace neighbor_product {

// The columns and rows from `first` up to, but not including, `end`.
struct Tile {
  Place first, end;
};

// What one thread works with: 22 KiB of it at a time, 26 KiB with four channels in the product. Zeroed once, since
// whole vectors are read past a tile's end.
struct Scratch {
  Line lines[rows_at_once + 2] = {};
  Columns columns[rows_at_once] = {};
  alignas(64) uint32_t result[tile_width] = {};
  Undecided undecided = {};
};

// Returns the number of pixels that the exact pass computed.
int64_t compute_tile(const Strip&, const InstructionSet::Kernel&, const Tile&, Scratch&);

}  // namespace neighbor_product
