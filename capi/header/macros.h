/** The version of this header, to be compared: `#if SANSOCKET_VERSION >= 1002003` is 1.2.3 or later. */
#define SANSOCKET_VERSION \
    (SANSOCKET_VERSION_MAJOR * 1000000 + SANSOCKET_VERSION_MINOR * 1000 + SANSOCKET_VERSION_PATCH)

/** Initialises a sansocket_text with a string literal: `sansocket_text host = SANSOCKET_LITERAL("example.com");`. */
#define SANSOCKET_LITERAL(literal) \
    { "" literal, sizeof(literal) - 1 }

/** Initialises a sansocket_setup with its size and version, all else zero: `sansocket_setup setup = SANSOCKET_SETUP;`. */
#define SANSOCKET_SETUP \
    { sizeof(sansocket_setup), SANSOCKET_ABI_VERSION, (sansocket_role)0, 0, NULL, NULL, NULL, NULL, NULL, 0, 0, (sansocket_level)0 }

/** Makes an enum 32 bits wide, as the library has it, with `-fshort-enums` too; in C++ any number may be one, as in C. */
#if defined(__cplusplus)
#define SANSOCKET_ENUM(name) name : uint32_t
#elif defined(__GNUC__)
#define SANSOCKET_ENUM(name) __attribute__((mode(SI))) name
#else
#define SANSOCKET_ENUM(name) name
#endif
