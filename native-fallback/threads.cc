#include "threads.h"

#if defined(_OPENMP) && !defined(_WIN32)

#include <pthread.h>

#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace neighbor_product {

namespace {

const char* after_spaces(const char* text) {
  while (std::isspace(static_cast<unsigned char>(*text))) text++;
  return text;
}

// A stack size as libgomp reads it: what strtoul takes for a number, signs included, and perhaps a unit, by default K.
// 0 for anything else, which it ignores.
size_t parse_stack_bytes(const char* text) {
  if (!text || *after_spaces(text) == '\0') return 0;
  char* end;
  errno = 0;
  const unsigned long value = std::strtoul(text, &end, 10);
  if (errno != 0) return 0;
  const char* unit = after_spaces(end);
  int shift = 10;
  if (*unit != '\0') {
    switch (std::tolower(static_cast<unsigned char>(*unit++))) {
      case 'b':
        shift = 0;
        break;
      case 'k':
        shift = 10;
        break;
      case 'm':
        shift = 20;
        break;
      case 'g':
        shift = 30;
        break;
      default:
        return 0;
    }
    if (*after_spaces(unit) != '\0') return 0;
  }
  return value << shift >> shift == value ? value << shift : 0;
}

// Read when the addon is loaded, as libgomp reads it when it is. 0: the system's default. _ALL is known since GCC 13.
const size_t stack_bytes = [] {
  for (const char* variable : {"OMP_STACKSIZE", "OMP_STACKSIZE_ALL", "GOMP_STACKSIZE"}) {
    const size_t bytes = parse_stack_bytes(std::getenv(variable));
    if (bytes != 0) return bytes;
  }
  return size_t{0};
}();

void* pass_gate(void* gate) {
  const std::lock_guard<std::mutex> passed(*static_cast<std::mutex*>(gate));
  return nullptr;
}

// Of so many threads, how many start with the stack of OpenMP's and are alive at the same time.
int count_starting(int threads) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return 0;
  if (stack_bytes != 0) pthread_attr_setstacksize(&attributes, stack_bytes);  // libgomp ignores a refused size, too
  std::vector<pthread_t> started;
  started.reserve(static_cast<size_t>(threads));
  std::mutex gate;
  gate.lock();
  for (int k = 0; k < threads; k++) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, pass_gate, &gate) != 0) break;
    started.push_back(thread);
  }
  gate.unlock();
  for (const pthread_t thread : started) pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  return static_cast<int>(started.size());
}

// The threads that libgomp keeps for the calling thread's next region, itself included; surplus ones it lets end.
thread_local int team = 1;

}  // namespace

int startable_threads(int wanted) {
  if (wanted <= team) return wanted;
  // Twice as many: for a moment a thread that ended still counts, and others start threads meanwhile.
  return team + count_starting(2 * (wanted - team)) / 2;
}

void note_team(int threads) {
  if (threads > 1) team = threads;  // a region of one thread leaves the others waiting
}

}  // namespace neighbor_product

#else

namespace neighbor_product {

int startable_threads(int wanted) { return wanted; }

void note_team(int) {}

}  // namespace neighbor_product

#endif
