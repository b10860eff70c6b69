// The link to a real host, which it starts itself.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/daemon/link/link_fixture.hpp"

namespace cabroker::link {
namespace {

namespace protocol = adapters::protocol;
using domain::ErrorCode;
using tests::turn_until;

class SpawnedHostTest : public LinkFixture {
  protected:
    void spawn_host(LinkOptions options) {
        options.socket.clear();
        options.program = CABROKER_ADAPTERS_PROGRAM;
        options.connect_patience = Milliseconds(20'000);
        options.silence = Milliseconds(20'000);
        link_.emplace(std::move(options), io_.get_executor(), random_);
        Configuration configuration;
        configuration.adapters["panel"] = R"({"type":"human"})";
        link_->configure(std::move(configuration));
        runtime::spawn(io_.get_executor(), "link", run_link());
        ASSERT_TRUE(turn_until(io_, [this] { return link_->up(); }));
    }
    // The only child of this process.
    static pid_t host() {
        std::ifstream children("/proc/self/task/" + std::to_string(getpid()) + "/children");
        pid_t child = -1;
        children >> child;
        return child;
    }
    Answer ask(Milliseconds deadline) {
        Answer result;
        protocol::StepContext context = step(deadline);
        context.adapter = "panel";
        advance(std::move(context), result);
        EXPECT_TRUE(turn_until(io_, [&] { return result.has_value(); }));
        return result;
    }
};

TEST_F(SpawnedHostTest, ARealHostTakesSettingsAndSteps) {
    spawn_host(quick());

    EXPECT_EQ(link_->capabilities().at("panel").type, "human");
    Answer result = ask(Milliseconds(10'000));
    ASSERT_TRUE(result && result->has_value()) << result->error().detail;
}

TEST_F(SpawnedHostTest, InheritsNothingButItsLink) {
    // As a client's connection would be: without close-on-exec.
    std::array<int, 2> client{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, client.data()), 0);
    const auto target_of = [](const std::filesystem::path& path) {
        std::error_code gone;
        return std::filesystem::read_symlink(path, gone).string();
    };
    const std::string ours = target_of("/proc/self/fd/" + std::to_string(client[0]));
    ASSERT_TRUE(ours.starts_with("socket:"));

    spawn_host(quick());

    for (const auto& entry :
         std::filesystem::directory_iterator("/proc/" + std::to_string(host()) + "/fd")) {
        EXPECT_NE(target_of(entry.path()), ours);
    }
    for (const int fd : client) close(fd);
}

TEST_F(SpawnedHostTest, AHostThatDiesIsReplaced) {
    spawn_host(quick());
    const pid_t first = host();

    kill(first, SIGKILL);

    ASSERT_TRUE(turn_until(io_, [this] { return !link_->up(); }));
    ASSERT_TRUE(turn_until(io_, [this] { return link_->up(); }));
    EXPECT_NE(host(), first);
    EXPECT_TRUE(ask(Milliseconds(10'000))->has_value());
}

TEST_F(SpawnedHostTest, AHostThatHangsGivesNoAnswerInTime) {
    spawn_host(quick());
    kill(host(), SIGSTOP);
    const auto began = std::chrono::steady_clock::now();

    Answer result = ask(Milliseconds(100));

    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
    ASSERT_TRUE(result && result->has_error());
    EXPECT_EQ(result->error().code, ErrorCode::no_answer);
    kill(host(), SIGCONT);
    EXPECT_TRUE(ask(Milliseconds(10'000))->has_value());
}

TEST_F(SpawnedHostTest, AHungHostIsKilledWhenTheLinkIsGivenUp) {
    spawn_host(quick());
    const pid_t hung = host();
    kill(hung, SIGSTOP);

    link_->stop();

    EXPECT_TRUE(turn_until(io_, [this] { return ended_; }));
    EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(hung)));
}

TEST_F(SpawnedHostTest, AProgramThatIsNotThereIsTriedAgain) {
    LinkOptions options = quick();
    options.socket.clear();
    options.program = (folder_ / "not-there").string();
    link_.emplace(std::move(options), io_.get_executor(), random_);
    runtime::spawn(io_.get_executor(), "link", run_link());
    io_.run_for(Milliseconds(50));
    EXPECT_EQ(link_->trouble(), "down");

    std::filesystem::create_symlink(CABROKER_ADAPTERS_PROGRAM, folder_ / "not-there");

    EXPECT_TRUE(turn_until(io_, [this] { return link_->up(); }));
}

}  // namespace
}  // namespace cabroker::link
