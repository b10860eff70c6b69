#include "domain/order.hpp"

namespace cabroker::domain {

OrderSnapshot snapshot_of(const Order& order) {
    return {order.id,    order.common_name, order.supplier_order_id, order.platform_order_id,
            order.brand, order.product};
}

std::optional<std::string> login_contact(const Order& order) {
    return order.login_email ? order.login_email : order.admin_email;
}

}  // namespace cabroker::domain
