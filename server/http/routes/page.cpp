#include "server/web/page.h"
#include "server/http/routes/routes.h"

namespace pollux::server::routes {

Reply show_page(const Request&) {
  // The page is one file that loads nothing from elsewhere; the browser is told to hold it to that.
  return {200,
          content_type_of(RouteId::page),
          std::string(web::page()),
          {{"Content-Security-Policy",
            "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; "
            "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
           {"X-Content-Type-Options", "nosniff"},
           {"Cache-Control", "no-cache"}}};
}

}  // namespace pollux::server::routes
