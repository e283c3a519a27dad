/* Nothing where the backend is not in the build: then the headers of librabbitmq may be missing. */
#ifdef CRABBITMQ_IS_NEEDED
#include "CRabbitMQ.h"
#endif
