// How many threads OpenMP can start.
#pragma once

namespace neighbor_product {

// With how many threads, up to `wanted`, the calling thread can open a parallel region, itself included: at least 1.
// libgomp ends the whole process where a thread of its team does not start (libgomp/team.c), as under `ulimit -u` or a
// container's limit of processes. So threads are tried first, whenever a team is to grow; a team that has been started
// stays for the next region of the same calling thread.
int startable_threads(int wanted);

// To be told after each region how many threads it had: OMP_DYNAMIC may give fewer than asked for.
void note_team(int threads);

}  // namespace neighbor_product
