#include "daemon/link/mail_frames.hpp"

#include "adapters/protocol/mail_codec.hpp"
#include "runtime/log.hpp"

namespace cabroker::link {

namespace protocol = adapters::protocol;

namespace {

template <class Read, class Handler>
void hand_on(const std::string& op, Read read, const Handler& handler) {
    if (!read) {
        runtime::log(runtime::Level::warning, "a word about mail cannot be understood",
                     {{"op", op}, {"why", read.error().detail}});
        return;
    }
    if (handler) handler(std::move(*read));
}

}  // namespace

bool take_mail_frame(protocol::Frame& frame, const MailHandlers& handlers) {
    if (frame.op == "mail") {
        auto offer = protocol::mail_offer_from(*frame.body, frame.blobs);
        const auto shared = [&](protocol::MailOffer read) {
            if (!handlers.offered) return;
            handlers.offered(std::make_shared<protocol::MailOffer>(std::move(read)));
        };
        const std::function<void(protocol::MailOffer)> handler = shared;
        hand_on(frame.op, std::move(offer), handler);
    } else if (frame.op == "mail_filed") {
        hand_on(frame.op, protocol::mail_filed_from(*frame.body), handlers.filed);
    } else if (frame.op == "mailbox_state") {
        hand_on(frame.op, protocol::mailbox_report_from(*frame.body), handlers.reported);
    } else {
        return false;
    }
    return true;
}

}  // namespace cabroker::link
