// uWebSockets' own EchoServer.cpp without TLS. With the argument `deflate` it compresses messages of all lengths, without it none.
#include <cstdio>
#include <cstring>

#include "App.h"

int main(int argc, char **argv)
{
    struct Nothing {};
    bool deflate = argc > 1 && strcmp(argv[1], "deflate") == 0;
    uWS::CompressOptions with = uWS::CompressOptions(uWS::DEDICATED_COMPRESSOR | uWS::DEDICATED_DECOMPRESSOR);
    uWS::App()
        .ws<Nothing>("/*",
                     {.compression = deflate ? with : uWS::DISABLED,
                      .maxPayloadLength = 100 * 1024 * 1024,
                      .idleTimeout = 120,
                      .maxBackpressure = 100 * 1024 * 1024,
                      .message = [deflate](auto *ws, std::string_view message,
                                           uWS::OpCode code) { ws->send(message, code, deflate); }})
        .listen("127.0.0.1", 0,
                [](auto *socket) {
                    if (socket == nullptr)
                        exit(1);
                    printf("%d\n", us_socket_local_port(0, reinterpret_cast<us_socket_t *>(socket)));
                    fflush(stdout);
                })
        .run();
}
