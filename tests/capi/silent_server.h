/* A client of a port on which somebody listens and never answers, or nobody does (port 1). */
#ifndef PGRANT_TESTS_SILENT_SERVER_H
#define PGRANT_TESTS_SILENT_SERVER_H

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

/* A port on which somebody listens and never answers. */
static inline int silent_port(int* socket_out) {
  struct sockaddr_in address;
  socklen_t size = sizeof address;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0 ||
      listen(listener, 64) != 0 || getsockname(listener, (struct sockaddr*)&address, &size) != 0)
    abort();
  *socket_out = listener;
  return ntohs(address.sin_port);
}

static inline pgrant_options* client_options(const char* switched_on) {
  pgrant_options* options = NULL;
  CHECK_OK(pgrant_options_create(PGRANT_OPTIONS_CLIENT, &options, &err));
  CHECK_OK(pgrant_options_set_bool(options, "keep_connections", 0, &err));
  if (switched_on) CHECK_OK(pgrant_options_set_bool(options, switched_on, 1, &err));
  return options;
}

static inline pgrant_client* open_on(pgrant_runtime* on, int to_port, const char* more,
                                     pgrant_queue* queue, uint64_t tag) {
  char text[200];
  pgrant_spec* spec = NULL;
  pgrant_client* client = NULL;
  pgrant_options* options = client_options(NULL);
  snprintf(text, sizeof text, "host=127.0.0.1 port=%d user=u sslmode=disable %s", to_port, more);
  CHECK_OK(pgrant_spec_parse(TEXT(text), &spec, &err));
  CHECK_OK(pgrant_client_open(on, spec, options, queue, tag, &client, &err));
  pgrant_spec_destroy(spec);
  pgrant_options_destroy(options);
  return client;
}

static inline int readable(pgrant_queue* queue) {
  struct pollfd one;
  one.fd = pgrant_queue_fd(queue);
  one.events = POLLIN;
  return poll(&one, 1, 0) == 1;
}

#endif
