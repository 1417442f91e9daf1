// Work on a thread of the runtime's pool, with a promise of its result.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>

namespace neighbor_product {

// The work that other threads do for an environment, on memory that ends with it. Node waits for them before it frees
// anything; Deno 2.9.6 does not where a program ends by an uncaught error.
class Pending {
 public:
  static void attach(Napi::Env env) {
    const auto pending = std::make_shared<Pending>();
    env.SetInstanceData(new std::shared_ptr<Pending>(pending));
    env.AddCleanupHook([pending] { pending->end(); });
  }
  static std::shared_ptr<Pending> of(Napi::Env env) { return *env.GetInstanceData<std::shared_ptr<Pending>>(); }

  // Nothing is begun once the environment ends.
  template <typename Work>
  void run(const Work& work) {
    const std::shared_lock<std::shared_mutex> lock(under_way_);
    if (!is_ending_) work();
  }

 private:
  void end() {
    is_ending_ = true;
    const std::unique_lock<std::shared_mutex> wait_for_all(under_way_);
  }

  std::shared_mutex under_way_;
  std::atomic<bool> is_ending_{false};
};

// Deletes itself when it is done.
class Worker : public Napi::AsyncWorker {
 public:
  // Keeps the job alive, with the arrays that the work reads and writes.
  Worker(const Napi::Object& job, const char* name)
      : Napi::AsyncWorker(job.Env(), name),
        pending_(Pending::of(job.Env())),
        deferred_(Napi::Promise::Deferred::New(job.Env())),
        keeps_alive_(Napi::Persistent(job)) {}

  Napi::Promise start() {
    const Napi::Promise promise = deferred_.Promise();
    Queue();
    return promise;
  }

 protected:
  // On another thread.
  virtual void work() = 0;
  // What the promise resolves with.
  virtual Napi::Value result() = 0;

 private:
  void Execute() final {
    pending_->run([this] { work(); });
  }
  void OnOK() final { deferred_.Resolve(result()); }
  void OnError(const Napi::Error& error) final { deferred_.Reject(error.Value()); }

  const std::shared_ptr<Pending> pending_;
  Napi::Promise::Deferred deferred_;
  Napi::ObjectReference keeps_alive_;
};

}  // namespace neighbor_product
