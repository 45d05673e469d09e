#include "dagan/train/checkpoint.h"

#include "dagan/data/file.h"

namespace dagan {
namespace {

constexpr std::uintmax_t kLimit = std::uintmax_t(16) << 30;  // bytes

}  // namespace

void save_checkpoint(const std::filesystem::path& file, const Store& store,
                     const Metadata& metadata) {
  Safetensors content{metadata, {}};
  std::vector<std::vector<std::byte>> copies;  // of entries that the host cannot point to
  std::vector<std::span<const std::byte>> pieces(1);
  for (const auto& [name, view] : store.entries()) {
    const std::span<const std::byte> bytes = store.host_bytes(name, copies);
    content.tensors.push_back({name, view.dtype, view.shape, bytes});
    pieces.push_back(bytes);
  }
  const std::string header = safetensors_header(content);
  pieces[0] = std::as_bytes(std::span(header));
  write_file(file, pieces, Durability::synced);
}

Metadata load_checkpoint(const std::filesystem::path& file, Store& store) {
  const FileBytes bytes = read_file(file, kLimit);
  const Safetensors content = parse_safetensors(bytes, shown(file));
  check(Fault::model, content.metadata.count("checksum") > 0, shown(file),
        ": has no checksum: it is not a checkpoint");
  check(Fault::model, content.tensors.size() == store.entries().size(), shown(file), ": holds ",
        content.tensors.size(), " tensors, but this training has ", store.entries().size());
  for (const NamedTensor& tensor : content.tensors) {
    check(Fault::model, store.has(tensor.name), shown(file), ": holds ", tensor.name,
          ", which this training does not have");
    const View view = store.view(tensor.name);
    check(Fault::model, view.shape == tensor.shape && view.dtype == tensor.dtype, shown(file), ": ",
          tensor.name, " is ", tensor.shape, ", but this training needs ", view.shape);
    store.write_bytes(tensor.name, tensor.bytes);
  }
  return content.metadata;
}

}  // namespace dagan
