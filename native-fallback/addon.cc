// The glue between Node and the kernel: reads a job that src/cpu/ made and checked, and runs it on the calling thread
// or on libuv's thread pool. Knows nothing of pixels.
#include <napi.h>

#include <new>
#include <optional>
#include <string>
#include <system_error>

#include "attributes.h"
#include "fields.h"
#include "held_memory.h"
#include "instruction_sets.h"
#include "png.h"
#include "strip.h"
#include "worker.h"

namespace {

using neighbor_product::bytes_of;
using neighbor_product::InstructionSet;
using neighbor_product::number_of;

// src/cpu/addon.ts describes the fields.
struct Job {
  neighbor_product::Strip strip;
  int threads;
  const InstructionSet* instruction_set;
  const std::atomic<uint8_t>* cancelled;
  std::optional<neighbor_product::Timeline> timeline;
};

neighbor_product::Place place_of(const Napi::Object& region, const char* field) {
  const Napi::Object place = region.Get(field).As<Napi::Object>();
  return {number_of(place, "x"), number_of(place, "y")};
}

neighbor_product::Strip strip_of(const Napi::Object& job) {
  const Napi::Object region = job.Get("region").As<Napi::Object>();
  return {
      bytes_of(job, "input"),
      number_of(job, "inputRowBytes"),
      bytes_of(job, "output"),
      number_of(job, "outputRowBytes"),
      number_of<int>(job, "channels"),
      {place_of(region, "first"), place_of(region, "end"), place_of(region, "beforeFirst"),
       place_of(region, "afterLast")},
      number_of<neighbor_product::Alpha>(job, "alpha"),
  };
}

const InstructionSet* find_instruction_set(const std::string& name) {
  for (auto set = neighbor_product::instruction_sets(); *set; set++) {
    if (name_of(**set) == name) return *set;
  }
  return nullptr;
}

Job job_from(const Napi::Object& job) {
  const std::string name = job.Get("instructionSet").As<Napi::String>();
  const InstructionSet* const instruction_set = find_instruction_set(name);
  if (!instruction_set) throw Napi::Error::New(job.Env(), "this CPU has no instruction set '" + name + "'");
  std::optional<neighbor_product::Timeline> timeline;
  if (job.Get("isTimed").ToBoolean()) timeline = {std::chrono::steady_clock::now(), {}};
  return {
      strip_of(job),   number_of<int>(job, "threads"),
      instruction_set, reinterpret_cast<const std::atomic<uint8_t>*>(bytes_of(job, "cancelled")),
      timeline,
  };
}

neighbor_product::Outcome run(Job& job) {
  neighbor_product::Timeline* const timeline = job.timeline ? &*job.timeline : nullptr;
  return compute(job.strip, job.threads, *job.instruction_set, job.cancelled, timeline);
}

Napi::Object chunk_object(Napi::Env env, const neighbor_product::Timeline::Chunk& chunk) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("thread", chunk.thread);
  result.Set("firstRow", static_cast<double>(chunk.first_row));
  result.Set("endRow", static_cast<double>(chunk.end_row));
  result.Set("startMs", chunk.start_ms);
  result.Set("endMs", chunk.end_ms);
  return result;
}

Napi::Object result_object(Napi::Env env, const neighbor_product::Outcome& outcome, const Job& job) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("exactPixels", static_cast<double>(outcome.exact_pixels));
  result.Set("threads", outcome.threads);
  result.Set("wantedThreads", outcome.wanted_threads);
  if (job.timeline) {
    Napi::Array chunks = Napi::Array::New(env);
    for (const auto& chunk : job.timeline->chunks) chunks.Set(chunks.Length(), chunk_object(env, chunk));
    result.Set("chunks", chunks);
  }
  return result;
}

std::shared_ptr<void> memory_of(const Napi::Object& object, const char* field) {
  return neighbor_product::hold_memory(object.Env(), object.Get(field).As<Napi::Uint8Array>().ArrayBuffer());
}

class Computation : public neighbor_product::Worker {
 public:
  Computation(const Napi::Object& object, const Job& job) : Worker(object, "neighbor_product"), job_(job) {
    if (!object.Get("canHoldMemory").ToBoolean()) return;
    input_memory_ = memory_of(object, "input");
    output_memory_ = memory_of(object, "output");
  }

 protected:
  void work() override { outcome_ = run(job_); }
  Napi::Value result() override { return result_object(Env(), outcome_, job_); }

 private:
  std::shared_ptr<void> input_memory_, output_memory_;
  Job job_;
  neighbor_product::Outcome outcome_{};
};

Napi::Value compute_async(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  return (new Computation(object, job_from(object)))->start();
}

Napi::Value compute_sync(const Napi::CallbackInfo& info) {
  try {
    Job job = job_from(info[0].As<Napi::Object>());
    return result_object(info.Env(), run(job), job);
  } catch (const std::bad_alloc&) {
    throw Napi::Error::New(info.Env(), "not enough memory");
  }
}

// A path's bytes; as a string of Node it would have to be UTF-8.
std::string path_from(const Napi::Value& value) {
  const auto bytes = value.As<Napi::Uint8Array>();
  return std::string(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength());
}

void copy_attributes(const Napi::CallbackInfo& info) {
  const int error = neighbor_product::copy_attributes(path_from(info[0]), path_from(info[1]));
  if (error == 0) return;
  throw Napi::Error::New(info.Env(), std::generic_category().message(error));
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  neighbor_product::Pending::attach(env);
  Napi::Array names = Napi::Array::New(env);
  for (auto set = neighbor_product::instruction_sets(); *set; set++) names.Set(names.Length(), name_of(**set));
  exports.Set("instructionSets", names);
  exports.Set("hasOpenMp", neighbor_product::has_openmp());
  exports.Set("compute", Napi::Function::New(env, compute_async));
  exports.Set("computeSync", Napi::Function::New(env, compute_sync));
  exports.Set("copyAttributes", Napi::Function::New(env, copy_attributes));
  neighbor_product::export_png(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(neighbor_product, initialise)
