/** Initialises a sansocket_session_setup with size and version, all else zero: `sansocket_session_setup setup = SANSOCKET_SESSION_SETUP;`. */
#define SANSOCKET_SESSION_SETUP \
    { sizeof(sansocket_session_setup), SANSOCKET_ABI_VERSION, 0, 0, NULL, NULL, NULL, NULL, { NULL, 0 }, \
      { NULL, 0, NULL, 0, NULL, 0, 0, 0, { 0 }, 0 }, NULL, 0, { 0 } }
