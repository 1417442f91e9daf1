// The glue between Node and the rows of PNG files: runs jobs that src/formats/png/native-rows.ts made and checked on
// libuv's thread pool. Knows nothing of pixels.
#include "png.h"

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "deflate.h"
#include "fields.h"
#include "filter.h"
#include "unfilter.h"
#include "worker.h"

namespace neighbor_product {

namespace {

// As bytes_of, nullptr where the field is undefined.
uint8_t* bytes_or_null(const Napi::Object& job, const char* field) {
  return job.Get(field).IsUndefined() ? nullptr : bytes_of(job, field);
}

// Resolves with the numbers that the work returns.
class RowsWorker : public Worker {
 public:
  using Numbers = std::vector<double>;

  RowsWorker(const Napi::Object& job, std::function<Numbers()> work)
      : Worker(job, "neighbor_product_png"), work_(std::move(work)) {}

 protected:
  void work() override { numbers_ = work_(); }
  Napi::Value result() override {
    Napi::Array result = Napi::Array::New(Env());
    for (double number : numbers_) result.Set(result.Length(), number);
    return result;
  }

 private:
  std::function<Numbers()> work_;
  Numbers numbers_;
};

Napi::Value run(const Napi::Object& job, std::function<RowsWorker::Numbers()> work) {
  return (new RowsWorker(job, std::move(work)))->start();
}

// Resolves with the number of the first row with an unknown filter, or -1.
Napi::Value decode_rows(const Napi::CallbackInfo& info) {
  const Napi::Object job = info[0].As<Napi::Object>();
  const FilteredRows rows{bytes_of(job, "rows"), number_of(job, "count"), number_of(job, "rowBytes"),
                          number_of<int>(job, "bytesPerPixel"), bytes_of(job, "above")};
  const uint16_t* const key = reinterpret_cast<const uint16_t*>(bytes_or_null(job, "key"));
  Expansion expansion{number_of<int>(job, "samples"),
                      number_of<int>(job, "bitDepth"),
                      number_of(job, "width"),
                      bytes_or_null(job, "colours"),
                      key != nullptr,
                      {}};
  for (int c = 0; key && c < 3; c++) expansion.key[c] = key[c];
  uint8_t* const rgba = bytes_of(job, "rgba");
  return run(job, [=]() -> RowsWorker::Numbers {
    const ptrdiff_t wrong = undo_filters(rows);
    if (wrong < 0) expand_rows(rows, expansion, rgba);
    return {static_cast<double>(wrong)};
  });
}

// Memory of this thread, as it was left: a thread of the pool encodes one band after another.
uint8_t* scratch_of(size_t byte_length) {
  thread_local std::unique_ptr<uint8_t[]> scratch;
  thread_local size_t capacity = 0;
  if (capacity < byte_length) {
    capacity = 0;
    scratch.reset(new uint8_t[byte_length]);
    capacity = byte_length;
  }
  return scratch.get();
}

// Resolves with the bytes written and the checksum of the filtered rows.
Napi::Value encode_rows(const Napi::CallbackInfo& info) {
  const Napi::Object job = info[0].As<Napi::Object>();
  const RowsToFilter rows{bytes_of(job, "rows"),           number_of(job, "count"),
                          number_of(job, "rowBytes"),      number_of(job, "width"),
                          number_of<int>(job, "channels"), number_of<int>(job, "writtenChannels"),
                          bytes_or_null(job, "above"),     number_of<int>(job, "filter")};
  uint8_t* const output = bytes_of(job, "output");
  const bool is_compressed = job.Get("isCompressed").ToBoolean();
  return run(job, [=]() -> RowsWorker::Numbers {
    const size_t byte_length = static_cast<size_t>(rows.count * (1 + rows.width * rows.written_channels));
    uint8_t* const filtered = is_compressed ? scratch_of(byte_length) : output;
    filter_rows(rows, filtered);
    const uint32_t checksum = adler32(filtered, byte_length);
    const size_t written = is_compressed ? compress_runs(filtered, byte_length, output) : byte_length;
    return {static_cast<double>(written), static_cast<double>(checksum)};
  });
}

Napi::Value bound(const Napi::CallbackInfo& info) {
  const auto byte_length = static_cast<size_t>(info[0].As<Napi::Number>().Int64Value());
  return Napi::Number::New(info.Env(), static_cast<double>(compressed_bound(byte_length)));
}

}  // namespace

void export_png(Napi::Env env, Napi::Object exports) {
  exports.Set("decodeRows", Napi::Function::New(env, decode_rows));
  exports.Set("encodeRows", Napi::Function::New(env, encode_rows));
  exports.Set("compressedBound", Napi::Function::New(env, bound));
}

}  // namespace neighbor_product
