#include "server/cli/model_source.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "server/cli/verbs.h"

namespace pollux::server::cli {

using schema::Error;
using schema::ErrorCode;
using schema::Result;

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const auto refuse = [&](ErrorCode code, const std::string& why) {
    return Error{code, "cannot read: " + why, path, ""};
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (file == nullptr) return refuse(ErrorCode::io, std::strerror(errno));
  constexpr std::size_t kPartBytes = 64u << 10;
  std::string text;
  for (;;) {
    const std::size_t had = text.size();
    text.resize(had + kPartBytes);
    errno = 0;
    const std::size_t got = std::fread(text.data() + had, 1, kPartBytes, file.get());
    text.resize(had + got);
    if (text.size() > bytes_max) {
      return refuse(ErrorCode::invalid, "larger than " + std::to_string(bytes_max) + " bytes");
    }
    if (got < kPartBytes) break;
  }
  if (std::ferror(file.get()) != 0) return refuse(ErrorCode::io, std::strerror(errno));
  return text;
}

LoadedModel load(const ModelSource& source) {
  auto text = read_file(source.model, schema::kModelBytesMax);
  if (!text.ok()) return text.error();
  std::vector<schema::ParameterFile> parameters;
  for (const std::string& path : source.parameters) {
    auto values = read_file(path, schema::kModelBytesMax);
    if (!values.ok()) return values.error();
    parameters.push_back({path, std::move(*values)});
  }
  auto loaded = schema::load_model(*text, source.model, parameters);
  if (auto* errors = std::get_if<schema::ModelErrors>(&loaded)) return std::move(*errors);
  return std::make_shared<const schema::Model>(std::get<schema::Model>(std::move(loaded)));
}

std::shared_ptr<const schema::Model> load_or_explain(const ModelSource& source, int& exit_code) {
  LoadedModel loaded = load(source);
  if (const auto* errors = std::get_if<schema::ModelErrors>(&loaded)) {
    std::cerr << errors->text() << std::flush;
    exit_code = kFailed;
    return nullptr;
  }
  if (const auto* error = std::get_if<schema::Error>(&loaded)) {
    std::cerr << "pollux: " << error->text() << std::endl;
    exit_code = error->code == schema::ErrorCode::io ? kInputOutput : kFailed;
    return nullptr;
  }
  return std::get<std::shared_ptr<const schema::Model>>(std::move(loaded));
}

}  // namespace pollux::server::cli
