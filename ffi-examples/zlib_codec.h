/* zlib in the place of the library's codecs. For C and C++. Copy it. */
#ifndef ZLIB_CODEC_H
#define ZLIB_CODEC_H

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "sansocket.h"

static inline int32_t zlib_step(z_stream *z, sansocket_codec_step *step, bool compresses)
{
    bool whole = step->input_len <= UINT_MAX;
    uInt given = whole ? (uInt)step->input_len : UINT_MAX;
    uInt room = step->output_size <= UINT_MAX ? (uInt)step->output_size : UINT_MAX;
    z->next_in = (Bytef *)step->input, z->avail_in = given;
    z->next_out = step->output, z->avail_out = room;
    int result = compresses ? deflate(z, step->flush && whole ? Z_SYNC_FLUSH : Z_NO_FLUSH) : inflate(z, Z_SYNC_FLUSH);
    step->consumed = given - z->avail_in;
    step->produced = room - z->avail_out;
    return result == Z_OK || result == Z_BUF_ERROR ? 0 : -1; /* Z_BUF_ERROR: there was nothing to do */
}

static inline int32_t zlib_compress(void *z, sansocket_codec_step *step)
{
    return zlib_step((z_stream *)z, step, true);
}

static inline int32_t zlib_inflate(void *z, sansocket_codec_step *step)
{
    return zlib_step((z_stream *)z, step, false);
}

static inline void zlib_compress_reset(void *z)
{
    deflateReset((z_stream *)z);
}

static inline void zlib_inflate_reset(void *z)
{
    inflateReset((z_stream *)z);
}

/* The window is at most that of sansocket_get_deflate, `send_window_bits`, and at least 9: zlib cannot have 8. Returns Z_OK. */
static inline int zlib_deflate_codec(sansocket_deflate_codec *codec, z_stream *z, uint32_t window_bits)
{
    sansocket_deflate_codec filled = {z, zlib_compress, zlib_compress_reset, NULL, window_bits, 0, {0, 0}};
    *codec = filled;
    memset(z, 0, sizeof *z);
    return deflateInit2(z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -(int)window_bits, 8, Z_DEFAULT_STRATEGY);
}

/* The window is at least that of sansocket_get_deflate, `receive_window_bits`. Returns Z_OK. */
static inline int zlib_inflate_codec(sansocket_inflate_codec *codec, z_stream *z, uint32_t window_bits)
{
    sansocket_inflate_codec filled = {z, zlib_inflate, zlib_inflate_reset, NULL, window_bits, 0, {0, 0}};
    *codec = filled;
    memset(z, 0, sizeof *z);
    return inflateInit2(z, -(int)window_bits);
}

#endif
