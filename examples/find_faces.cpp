// Faces of a photo, and what covers them, by the self-contained ONNX file and ONNX Runtime in C++.
//
//     python tools/yolo_to_onnx.py --nms --preprocess --out faces.onnx     # once
//     c++ -std=c++17 find_faces.cpp -I ORT/include -L ORT/lib -lonnxruntime -o find_faces
//     ./find_faces faces.onnx photo.jpg
//
// ORT: an unpacked release of https://github.com/microsoft/onnxruntime. stb_image.h: libstb-dev.
// Prints a line a face: class, confidence, x1 y1 x2 y2 in pixels of the photo as it is stored.

#define STB_IMAGE_IMPLEMENTATION
#include <onnxruntime_cxx_api.h>
#include <stb/stb_image.h>

#include <cstdio>
#include <filesystem>
#include <utility>

int main(int count, char** given) try {
  if (count != 3) throw std::runtime_error("expected: find_faces MODEL.onnx PHOTO");
  int width, height;
  unsigned char* pixels = stbi_load(given[2], &width, &height, nullptr, 3);
  if (!pixels) throw std::runtime_error("the photo does not open");
  const size_t size = size_t(width) * height * 3;
  for (size_t i = 0; i < size; i += 3) std::swap(pixels[i], pixels[i + 2]);  // RGB to BGR

  Ort::Env env(ORT_LOGGING_LEVEL_WARNING);
  Ort::Session session(env, std::filesystem::path(given[1]).c_str(), Ort::SessionOptions());
  Ort::AllocatorWithDefaultOptions allocator;
  auto takes = session.GetInputNameAllocated(0, allocator);
  auto gives = session.GetOutputNameAllocated(0, allocator);
  const char *input = takes.get(), *output = gives.get();
  const int64_t shape[] = {height, width, 3};
  auto memory = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeCPU);
  auto image = Ort::Value::CreateTensor<uint8_t>(memory, pixels, size, shape, 3);
  auto faces = session.Run(Ort::RunOptions(), &input, &image, 1, &output, 1);

  const char* classes[] = {"face", "masked", "sunglasses", "masked_sunglasses"};
  const float* row = faces[0].GetTensorData<float>();
  const int64_t rows = faces[0].GetTensorTypeAndShapeInfo().GetShape()[0];
  for (int64_t i = 0; i < rows; ++i, row += 6) {
    std::printf("%s %.2f", classes[int(row[5])], row[4]);
    std::printf(" %.0f %.0f %.0f %.0f\n", row[0], row[1], row[2], row[3]);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
