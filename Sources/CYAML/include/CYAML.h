#ifndef CYAML_H
#define CYAML_H

/* libyaml 0.2, from the distribution: Debian and Ubuntu's libyaml-dev. */
#if __has_include(<yaml.h>)
#include <yaml.h>
#else
#error "yaml.h is missing: install libyaml-dev (apt-get install libyaml-dev)"
#endif

#endif
