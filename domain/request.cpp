#include "domain/request.hpp"

namespace cabroker::domain {

Kind kind_of(const Params& params) { return static_cast<Kind>(params.index()); }

bool is_destructive(Kind kind) { return kind != Kind::status && kind != Kind::download; }

}  // namespace cabroker::domain
