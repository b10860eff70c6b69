// The one place where Asio's implementation is compiled.
#include <boost/asio/impl/src.hpp>
