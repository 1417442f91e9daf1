#include "deflate.h"

#include <algorithm>
#include <cstring>

namespace neighbor_product {

namespace {

// Section 3.2 of RFC 1951: the alphabets and their longest codes. Codes of literals stay shorter than allowed, so that
// four of them and a rest of 7 bits fit into 64 bits.
constexpr int literals = 256, end_of_block = 256, first_length = 257, symbols = 286;
constexpr int code_lengths = 19;
constexpr int longest_code = 13, longest_code_length_code = 7;
constexpr int longest_run = 258;

// A block of its own for every 64 KiB: its codes take some 80 bytes.
constexpr size_t block_bytes = 1 << 16;

struct Code {
  uint16_t bits;
  uint8_t length;
};

// Little-endian bits, appended to memory that has room for 8 bytes more than are written.
class BitWriter {
 public:
  explicit BitWriter(uint8_t* to) : to_(to) {}
  // Up to 57 bits between two flushes.
  void add(uint64_t bits, int count) {
    bits_ |= bits << count_;
    count_ += count;
  }
  void add(const Code& code) { add(code.bits, code.length); }
  void flush() {
    for (int byte = 0; byte < 8; byte++) to_[byte] = static_cast<uint8_t>(bits_ >> (8 * byte));
    to_ += count_ >> 3;
    bits_ >>= count_ & ~7;
    count_ &= 7;
  }
  uint8_t* align() {
    count_ = (count_ + 7) & ~7;
    flush();
    return to_;
  }

 private:
  uint8_t* to_;
  uint64_t bits_ = 0;
  int count_ = 0;
};

// The length symbol of a run, and its extra bits.
struct LengthCode {
  uint16_t symbol = 0;
  uint8_t extra_bits = 0;
  uint8_t extra = 0;
};

struct LengthCodes {
  LengthCode of[longest_run + 1];
  constexpr LengthCodes() : of() {
    int symbol = first_length, length = 3;
    for (int extra_bits = 0; extra_bits < 6; extra_bits++) {
      for (int k = 0; k < (extra_bits == 0 ? 8 : 4); k++, symbol++) {
        for (int extra = 0; extra < 1 << extra_bits && length < longest_run; extra++, length++) {
          of[length].symbol = static_cast<uint16_t>(symbol);
          of[length].extra_bits = static_cast<uint8_t>(extra_bits);
          of[length].extra = static_cast<uint8_t>(extra);
        }
      }
    }
    of[longest_run].symbol = symbols - 1;
  }
};
constexpr LengthCodes length_codes;

uint32_t load_32(const uint8_t* from) {
  uint32_t four;
  std::memcpy(&four, from, sizeof four);
  return four;
}

// Tells a sink the literals, four at a time where possible, and the runs of the byte before. Runs are looked for at
// every fourth byte: that finds all that are worth finding.
template <typename Sink>
void tokenise(const uint8_t* start, const uint8_t* data, const uint8_t* end, Sink&& sink) {
  while (end - data >= 4) {
    if (data == start || load_32(data) != data[-1] * 0x01010101u) {
      sink.literals_4(data);
      data += 4;
      continue;
    }
    const ptrdiff_t most = std::min<ptrdiff_t>(longest_run, end - data);
    ptrdiff_t run = 4;
    while (run < most && data[run] == data[-1]) run++;
    sink.run(run);
    data += run;
  }
  for (; data < end; data++) sink.literal(*data);
}

// Neighbours count in different tables: a counter that was just written is read again slowly.
struct Counter {
  uint32_t counts[4][symbols] = {};
  void literals_4(const uint8_t* bytes) {
    for (int k = 0; k < 4; k++) counts[k][bytes[k]]++;
  }
  void literal(uint8_t byte) { counts[0][byte]++; }
  void run(ptrdiff_t length) { counts[0][length_codes.of[length].symbol]++; }
};

struct Encoder {
  const Code* codes;
  BitWriter& bits;
  void literals_4(const uint8_t* bytes) {
    for (int k = 0; k < 4; k++) bits.add(codes[bytes[k]]);
    bits.flush();
  }
  void literal(uint8_t byte) {
    bits.add(codes[byte]);
    bits.flush();
  }
  void run(ptrdiff_t length) {
    const LengthCode& code = length_codes.of[length];
    bits.add(codes[code.symbol]);
    bits.add(code.extra, code.extra_bits);
    bits.add(0, 1);  // the only distance: 1
    bits.flush();
  }
};

// The depth of each leaf of Huffman's tree over counts in ascending order, in place (Moffat and Katajainen, 1995).
void depths_in_place(uint32_t* counts, int n) {
  if (n == 1) counts[0] = 1;
  if (n < 2) return;
  counts[0] += counts[1];
  int root = 0, leaf = 2;
  for (int next = 1; next < n - 1; next++) {
    uint32_t sum = 0;
    for (int k = 0; k < 2; k++) {
      if (leaf >= n || (root < next && counts[root] < counts[leaf])) {
        sum += counts[root];
        counts[root++] = static_cast<uint32_t>(next);
      } else {
        sum += counts[leaf++];
      }
    }
    counts[next] = sum;
  }
  counts[n - 2] = 0;
  for (int next = n - 3; next >= 0; next--) counts[next] = counts[counts[next]] + 1;
  int available = 1, depth = 0;
  for (int node = n - 2, next = n - 1; available > 0; depth++) {
    int used = 0;
    for (; node >= 0 && counts[node] == static_cast<uint32_t>(depth); node--) used++;
    for (; available > used; available--) counts[next--] = static_cast<uint32_t>(depth);
    available = 2 * used;
  }
}

// Makes the lengths of at most `longest` bits: those that are longer become that, and shorter ones make room for them.
void limit_lengths(int* of_length, int longest, int deepest) {
  for (int length = longest + 1; length <= deepest; length++) of_length[longest] += of_length[length];
  int64_t taken = 0;
  for (int length = 1; length <= longest; length++) taken += int64_t{of_length[length]} << (longest - length);
  for (; taken > int64_t{1} << longest; taken--) {
    of_length[longest]--;
    int length = longest - 1;
    while (of_length[length] == 0) length--;
    of_length[length]--;
    of_length[length + 1] += 2;
  }
}

// Canonical codes for the symbols that occur (section 3.2.2).
void make_codes(const uint32_t* counts, int n, int longest, Code* codes) {
  uint64_t sorted[symbols];
  int used = 0;
  for (int symbol = 0; symbol < n; symbol++) {
    codes[symbol] = {0, 0};
    if (counts[symbol] > 0) sorted[used++] = uint64_t{counts[symbol]} << 16 | static_cast<uint64_t>(symbol);
  }
  std::sort(sorted, sorted + used);
  uint32_t depths[symbols];
  for (int k = 0; k < used; k++) depths[k] = static_cast<uint32_t>(sorted[k] >> 16);
  depths_in_place(depths, used);
  int of_length[64] = {};
  for (int k = 0; k < used; k++) of_length[std::min<uint32_t>(depths[k], 63)]++;
  limit_lengths(of_length, longest, 63);
  for (int k = 0, length = longest; k < used; k++) {
    while (of_length[length] == 0) length--;
    of_length[length]--;
    codes[sorted[k] & 0xffff].length = static_cast<uint8_t>(length);
  }
  uint32_t next = 0;
  for (int length = 1; length <= longest; length++, next <<= 1) {
    for (int symbol = 0; symbol < n; symbol++) {
      if (codes[symbol].length != length) continue;
      uint32_t reversed = 0;
      for (int bit = 0; bit < length; bit++) reversed |= (next >> bit & 1) << (length - 1 - bit);
      codes[symbol].bits = static_cast<uint16_t>(reversed);
      next++;
    }
  }
}

// A code length, or how often to repeat one.
struct LengthToken {
  uint8_t symbol;
  uint8_t extra;
};
constexpr int repeat = 16, zeros = 17, many_zeros = 18;
constexpr uint8_t extra_bits_of[code_lengths] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7};

// Returns the number of tokens.
int tokenise_lengths(const uint8_t* lengths, int n, LengthToken* tokens) {
  int count = 0;
  for (int at = 0; at < n;) {
    int run = 1;
    while (at + run < n && lengths[at + run] == lengths[at]) run++;
    if (lengths[at] == 0 && run >= 3) {
      run = std::min(run, 138);
      const bool is_long = run > 10;
      tokens[count++] = {static_cast<uint8_t>(is_long ? many_zeros : zeros),
                         static_cast<uint8_t>(run - (is_long ? 11 : 3))};
    } else if (run >= 4) {
      run = std::min(run, 7);
      tokens[count++] = {lengths[at], 0};
      tokens[count++] = {repeat, static_cast<uint8_t>(run - 4)};
    } else {
      run = 1;
      tokens[count++] = {lengths[at], 0};
    }
    at += run;
  }
  return count;
}

// The beginning of a block with codes of its own (section 3.2.7).
void write_codes(const Code* codes, BitWriter& bits) {
  static constexpr uint8_t order[code_lengths] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[symbols + 1];
  int n = symbols;
  while (n > first_length && codes[n - 1].length == 0) n--;
  for (int symbol = 0; symbol < n; symbol++) lengths[symbol] = codes[symbol].length;
  lengths[n] = 1;  // of the only distance
  LengthToken tokens[symbols + 1];
  const int count = tokenise_lengths(lengths, n + 1, tokens);
  uint32_t counts[code_lengths] = {};
  for (int k = 0; k < count; k++) counts[tokens[k].symbol]++;
  Code length_codes_codes[code_lengths];
  make_codes(counts, code_lengths, longest_code_length_code, length_codes_codes);
  int sent = code_lengths;
  while (sent > 4 && length_codes_codes[order[sent - 1]].length == 0) sent--;
  bits.add(0b100, 3);  // not the last block; codes of its own
  bits.add(static_cast<uint64_t>(n - first_length), 5);
  bits.add(0, 5);
  bits.add(static_cast<uint64_t>(sent - 4), 4);
  bits.flush();
  for (int k = 0; k < sent; k++) {
    bits.add(length_codes_codes[order[k]].length, 3);
    bits.flush();
  }
  for (int k = 0; k < count; k++) {
    bits.add(length_codes_codes[tokens[k].symbol]);
    bits.add(tokens[k].extra, extra_bits_of[tokens[k].symbol]);
    bits.flush();
  }
}

}  // namespace

size_t compressed_bound(size_t byte_length) {
  // No byte takes more than the longest code, and 256 codes of 9 bits would do: that is more than the best ones need.
  return byte_length + byte_length / 8 + (byte_length / block_bytes + 1) * 512 + 64;
}

size_t compress_runs(const uint8_t* data, size_t byte_length, uint8_t* compressed) {
  BitWriter bits(compressed);
  for (size_t at = 0; at < byte_length; at += block_bytes) {
    const uint8_t *const block = data + at, *const end = block + std::min(block_bytes, byte_length - at);
    Counter counter;
    tokenise(data, block, end, counter);
    uint32_t counts[symbols];
    for (int symbol = 0; symbol < symbols; symbol++) {
      counts[symbol] = 0;
      for (const auto& table : counter.counts) counts[symbol] += table[symbol];
    }
    counts[end_of_block] = 1;
    Code codes[symbols];
    make_codes(counts, symbols, longest_code, codes);
    write_codes(codes, bits);
    tokenise(data, block, end, Encoder{codes, bits});
    bits.add(codes[end_of_block]);
    bits.flush();
  }
  bits.add(0, 3);  // a block of no stored bytes ends at a byte
  uint8_t* const end = bits.align();
  std::memcpy(end, "\x00\x00\xff\xff", 4);
  return static_cast<size_t>(end + 4 - compressed);
}

uint32_t adler32(const uint8_t* data, size_t byte_length) {
  constexpr uint32_t modulus = 65521;
  constexpr size_t step = 32, most = 5536;  // the sums of so many bytes fit into 32 bits; a multiple of the step
  uint32_t a = 1, b = 0;
  for (size_t at = 0; at < byte_length;) {
    const size_t end = std::min(byte_length, at + most);
    for (; at + step <= end; at += step) {
      uint32_t sum = 0, weighted = 0;
      for (uint32_t k = 0; k < step; k++) {
        sum += data[at + k];
        weighted += (static_cast<uint32_t>(step) - k) * data[at + k];
      }
      b += static_cast<uint32_t>(step) * a + weighted;
      a += sum;
    }
    for (; at < end; at++) b += a += data[at];
    a %= modulus;
    b %= modulus;
  }
  return b << 16 | a;
}

}  // namespace neighbor_product
