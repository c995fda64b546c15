/** Initialises a sansocket_socketio_setup with size and version, all else zero: `sansocket_socketio_setup setup = SANSOCKET_SOCKETIO_SETUP;`. */
#define SANSOCKET_SOCKETIO_SETUP \
    { sizeof(sansocket_socketio_setup), SANSOCKET_ABI_VERSION, 0, NULL, NULL, 0, NULL, 0, NULL, 0, { 0 } }

/** Initialise a sansocket_argument: `sansocket_argument arguments[] = {SANSOCKET_TEXT_ARGUMENT(room, strlen(room)), SANSOCKET_JSON_ARGUMENT("true")};`. */
#define SANSOCKET_TEXT_ARGUMENT(data, len) \
    { SANSOCKET_ARGUMENT_TEXT, 0, 0, { data, len } }
#define SANSOCKET_INTEGER_ARGUMENT(integer) \
    { SANSOCKET_ARGUMENT_INTEGER, 0, integer, { NULL, 0 } }
#define SANSOCKET_JSON_ARGUMENT(literal) \
    { SANSOCKET_ARGUMENT_JSON, 0, 0, SANSOCKET_LITERAL(literal) }
#define SANSOCKET_ATTACHMENT_ARGUMENT \
    { SANSOCKET_ARGUMENT_ATTACHMENT, 0, 0, { NULL, 0 } }
