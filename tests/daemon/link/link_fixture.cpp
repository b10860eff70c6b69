#include "tests/daemon/link/link_fixture.hpp"

#include "adapters/protocol/codec.hpp"
#include "tests/adapters/protocol/samples.hpp"

namespace cabroker::link {

namespace asio = boost::asio;
namespace bj = boost::json;
namespace protocol = adapters::protocol;
using domain::ErrorCode;
using tests::RawPeer;
using tests::run;
using tests::turn_until;

LinkFixture::LinkFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "link-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    asio::local::stream_protocol::endpoint where((folder_ / "link.sock").string());
    acceptor_.open(where.protocol());
    acceptor_.bind(where);
    acceptor_.listen();
}

LinkFixture::~LinkFixture() {
    if (link_) link_->stop();
    turn_until(io_, [this] { return !link_ || ended_; });
    std::filesystem::remove_all(folder_);
}

LinkOptions LinkFixture::quick() const {
    LinkOptions options;
    options.socket = (folder_ / "link.sock").string();
    options.build = "link-test";
    options.connect_patience = Milliseconds(2'000);
    options.silence = Milliseconds(5'000);
    options.first_pause = Milliseconds(5);
    options.longest_pause = Milliseconds(40);
    options.grace = Milliseconds(20);
    return options;
}

void LinkFixture::start(LinkOptions options) {
    link_.emplace(std::move(options), io_.get_executor(), random_);
    Configuration configuration;
    configuration.adapters["portal"] = R"({"type":"guest_portal"})";
    configuration.secrets.emplace("mailer/default", domain::Secret(std::string_view("s3cret")));
    link_->configure(std::move(configuration));
    runtime::spawn(io_.get_executor(), "link", run_link());
}

asio::awaitable<void> LinkFixture::run_link() {
    co_await link_->run();
    ended_ = true;
}

asio::awaitable<tests::LocalSocket> LinkFixture::accept() {
    co_return co_await acceptor_.async_accept(asio::use_awaitable);
}

std::unique_ptr<RawPeer> LinkFixture::next_peer() {
    return std::make_unique<RawPeer>(run(io_, accept()));
}

bj::object LinkFixture::hear(RawPeer& peer) { return run(io_, peer.hear_object()); }

void LinkFixture::answer(RawPeer& peer, const bj::object& question, const std::string& rest) {
    std::string line = "{\"id\":" + std::to_string(question.at("id").as_int64()) + "," + rest;
    line += "\n";
    EXPECT_TRUE(run(io_, peer.say(line)));
}

void LinkFixture::greet(RawPeer& peer) {
    const bj::object hello = hear(peer);
    ASSERT_EQ(hello.at("op"), "hello");
    EXPECT_EQ(bj::serialize(hello.at("protocols")), "[1]");
    answer(peer, hello, kHello);
    const bj::object settings = hear(peer);
    ASSERT_EQ(settings.at("op"), "configure");
    configured_ = settings;
    answer(peer, settings, kConfigured);
    ASSERT_TRUE(turn_until(io_, [this] { return link_->up(); }));
}

protocol::StepContext LinkFixture::step(Milliseconds deadline) {
    protocol::StepContext context = tests::a_context();
    context.leave.reset();
    context.mail.reset();
    context.deadline = deadline;
    return context;
}

void LinkFixture::advance(protocol::StepContext context, Answer& into) {
    runtime::spawn(io_.get_executor(), "step",
                   tests::keep(link_->advance(std::move(context)), into));
}

std::string LinkFixture::done() {
    protocol::StepResult result;
    result.answer = protocol::Done{"status_read", "", std::nullopt};
    protocol::Blobs blobs;
    return "\"op\":\"result\",\"result\":" + bj::serialize(protocol::to_json(result, "1", blobs)) +
           "}";
}

void LinkFixture::expect_error(Answer& answer, ErrorCode code) {
    ASSERT_TRUE(turn_until(io_, [&] { return answer.has_value(); }));
    ASSERT_TRUE(answer->has_error());
    EXPECT_EQ(answer->error().code, code) << answer->error().detail;
}

}  // namespace cabroker::link
