// What the engine adds for access codes that come by mail.
#include <boost/asio/use_awaitable.hpp>

#include "daemon/engine/engine.hpp"

namespace cabroker::engine {

namespace asio = boost::asio;

TwoClocks Engine::two_clocks() const {
    TwoClocks moment;
    moment.now = services_.clock.now();
    moment.steady = std::chrono::duration_cast<std::chrono::milliseconds>(
                        services_.clock.steady().time_since_epoch())
                        .count();
    moment.run = run_name_;
    return moment;
}

asio::awaitable<bool> Engine::begin_proof(domain::RequestId id, std::string adapter) {
    const auto settings = services_.settings();
    const auto found = settings->adapters.find(adapter);
    const auto* portal = found == settings->adapters.end()
                             ? nullptr
                             : std::get_if<config::GuestPortalSettings>(&found->second.details);
    if (portal == nullptr || !portal->mailbox) co_return true;
    const TwoClocks clocks = two_clocks();
    store::Change<bool> change = [id, settings, clocks](store::Tx& tx) -> domain::Result<bool> {
        const auto row = tx.requests().get(id);
        if (!row) return false;
        // In line or not, the proof is due: where codes could not be told apart a person types it.
        static_cast<void>(sign_in_for_proof(tx, *settings, row->request, clocks));
        return true;
    };
    const domain::Result<bool> begun = co_await services_.store.write(std::move(change), urgency());
    co_return begun&&* begun;
}

}  // namespace cabroker::engine
