// The glue between Node and the kernel: unwraps a job that src/cpu/cpu-backend.ts made and checked, and runs it on the
// calling thread or on one of libuv's. Knows nothing of pixels.
#include <napi.h>

#include <optional>
#include <string>

#include "neighbor_product.h"

namespace {

using neighbor_product::Variant;

// src/cpu/addon.ts describes the fields.
struct Job {
  neighbor_product::Source source;
  neighbor_product::Destination destination;
  neighbor_product::Operation operation;
  int threads;
  const Variant* variant;
  const std::atomic<uint8_t>* cancelled;
  std::optional<neighbor_product::Timeline> timeline;
};

const Variant* find_variant(const std::string& name) {
  for (const Variant* const* variant = neighbor_product::variants(); *variant; variant++) {
    if (name_of(**variant) == name) return *variant;
  }
  return nullptr;
}

uint8_t* bytes_of(const Napi::Object& job, const char* field) { return job.Get(field).As<Napi::Uint8Array>().Data(); }

int64_t number_of(const Napi::Object& job, const char* field) { return job.Get(field).As<Napi::Number>().Int64Value(); }

Job unwrap(const Napi::Object& job) {
  const ptrdiff_t width = number_of(job, "width"), height = number_of(job, "height");
  const int channels = static_cast<int>(number_of(job, "channels"));
  const std::string name = job.Get("variant").As<Napi::String>();
  const Variant* const variant = find_variant(name);
  if (!variant) throw Napi::Error::New(job.Env(), "this CPU has no instruction set '" + name + "'");
  const int64_t threads = number_of(job, "threads");
  std::optional<neighbor_product::Timeline> timeline;
  if (job.Get("isTimed").ToBoolean()) timeline = {std::chrono::steady_clock::now(), {}};
  return {
      {bytes_of(job, "input"), width, height, static_cast<ptrdiff_t>(number_of(job, "inputRowBytes")), channels},
      {bytes_of(job, "output"), width, height, static_cast<ptrdiff_t>(number_of(job, "outputRowBytes")), channels},
      {static_cast<neighbor_product::Alpha>(number_of(job, "alpha")),
       static_cast<neighbor_product::Border>(number_of(job, "border")), static_cast<int>(number_of(job, "passes"))},
      threads > 0 ? static_cast<int>(threads) : neighbor_product::default_threads(width, height),
      variant,
      reinterpret_cast<const std::atomic<uint8_t>*>(bytes_of(job, "cancelled")),
      timeline,
  };
}

neighbor_product::Outcome run(Job& job) {
  neighbor_product::Timeline* const timeline = job.timeline ? &*job.timeline : nullptr;
  return transform(job.source, job.destination, job.operation, job.threads, *job.variant, job.cancelled, timeline);
}

Napi::Object wrap_chunk(Napi::Env env, const neighbor_product::Timeline::Chunk& chunk) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("pass", chunk.pass);
  result.Set("thread", chunk.thread);
  result.Set("firstRow", static_cast<double>(chunk.first_row));
  result.Set("endRow", static_cast<double>(chunk.end_row));
  result.Set("startMs", chunk.start_ms);
  result.Set("endMs", chunk.end_ms);
  return result;
}

Napi::Object wrap(Napi::Env env, const neighbor_product::Outcome& outcome, const Job& job) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("pixelsRedone", static_cast<double>(outcome.pixels_redone));
  result.Set("threads", outcome.threads);
  if (job.timeline) {
    Napi::Array chunks = Napi::Array::New(env);
    for (const auto& chunk : job.timeline->chunks) chunks.Set(chunks.Length(), wrap_chunk(env, chunk));
    result.Set("chunks", chunks);
  }
  return result;
}

class TransformWorker : public Napi::AsyncWorker {
 public:
  TransformWorker(const Napi::Object& object, const Job& job)
      : Napi::AsyncWorker(object.Env(), "neighbor_product"),
        deferred_(Napi::Promise::Deferred::New(object.Env())),
        keeps_memory_alive_(Napi::Persistent(object)),
        job_(job) {}
  Napi::Promise Promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { outcome_ = run(job_); }
  void OnOK() override { deferred_.Resolve(wrap(Env(), outcome_, job_)); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference keeps_memory_alive_;  // that Execute reads and writes
  Job job_;
  neighbor_product::Outcome outcome_{};
};

Napi::Value transform_async(const Napi::CallbackInfo& info) {
  const Napi::Object object = info[0].As<Napi::Object>();
  auto* const worker = new TransformWorker(object, unwrap(object));  // deletes itself when it is done
  const Napi::Promise promise = worker->Promise();
  worker->Queue();
  return promise;
}

Napi::Value transform_sync(const Napi::CallbackInfo& info) {
  try {
    Job job = unwrap(info[0].As<Napi::Object>());
    return wrap(info.Env(), run(job), job);
  } catch (const std::bad_alloc&) {
    throw Napi::Error::New(info.Env(), "not enough memory");
  }
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  Napi::Array names = Napi::Array::New(env);
  for (const Variant* const* variant = neighbor_product::variants(); *variant; variant++) {
    names.Set(names.Length(), name_of(**variant));
  }
  exports.Set("variants", names);
  exports.Set("hasOpenMp", neighbor_product::has_openmp());
  exports.Set("transform", Napi::Function::New(env, transform_async));
  exports.Set("transformSync", Napi::Function::New(env, transform_sync));
  return exports;
}

}  // namespace

NODE_API_MODULE(neighbor_product, initialise)
