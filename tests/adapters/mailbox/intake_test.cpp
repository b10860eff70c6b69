#include "adapters/mailbox/intake.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>

namespace cabroker::adapters::mailbox {
namespace {

namespace fs = std::filesystem;
using protocol::MailOffer;
using protocol::MailRef;
using std::chrono::milliseconds;

constexpr auto kLetter = "From: a@b.example\nSubject: x\nMessage-ID: <1@x>\n\nhello\n";

class MaildirIntakeTest : public ::testing::Test {
  protected:
    MaildirIntakeTest() {
        std::string pattern = fs::temp_directory_path() / "cabroker-intake-XXXXXX";
        root_ = ::mkdtemp(pattern.data());
        for (const char* part : {"new", "cur", "tmp"}) fs::create_directory(root_ / part);
        options_.name = "inbox";
        options_.poll = milliseconds(50);
        CodeRule rule;
        rule.adapter = "portal";
        rule.pattern.upper = true;
        rule.mail.senders = {"no-reply@portal.example"};
        rule.mail.code_after = {"Access code:"};
        options_.rules.adapters = {rule};
    }
    ~MaildirIntakeTest() override {
        intake_.reset();
        loop_.run_for(milliseconds(300));
        fs::remove_all(root_);
    }
    void open() {
        IntakeEvents events;
        events.offer = [this](const std::shared_ptr<MailOffer>& offer) {
            offers_.push_back(offer);
        };
        events.filed = [this](const protocol::MailFiled& filed) { filed_.push_back(filed.ref); };
        events.report = [this](const protocol::MailboxReport& report) { open_ = report.open; };
        intake_.emplace(options_, std::move(events),
                        make_maildir_source(root_.string(), loop_.get_executor()), clock_,
                        loop_.get_executor());
    }
    void put(const std::string& name, const std::string& text) const {
        std::ofstream(root_ / "tmp/x", std::ios::binary) << text;
        fs::rename(root_ / "tmp/x", root_ / name);
    }
    void turn_until(const std::function<bool()>& done) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!done() && std::chrono::steady_clock::now() < until) {
            loop_.run_one_for(milliseconds(10));
            if (loop_.stopped()) loop_.restart();
        }
        ASSERT_TRUE(done());
    }
    void turn(milliseconds time) {
        const auto until = std::chrono::steady_clock::now() + time;
        while (std::chrono::steady_clock::now() < until) loop_.run_one_for(milliseconds(10));
    }

    fs::path root_;
    boost::asio::io_context loop_{1};
    runtime::SystemClock clock_;
    IntakeOptions options_;
    std::optional<Intake> intake_;
    std::vector<std::shared_ptr<MailOffer>> offers_;
    std::vector<MailRef> filed_;
    bool open_ = false;
};

TEST_F(MaildirIntakeTest, MailsAreOfferedAndFiledWhenTaken) {
    put("new/1.host", kLetter);
    open();
    turn_until([&] { return offers_.size() == 1; });
    put("new/2.host", "From: c@d.example\n\nlater\n");
    turn_until([&] { return offers_.size() == 2; });
    EXPECT_TRUE(open_);
    EXPECT_EQ(offers_[0]->octets, kLetter);
    EXPECT_EQ(offers_[0]->facts.message_id, "1@x");
    EXPECT_TRUE(fs::exists(root_ / "new/1.host")) << "not before it is taken";
    EXPECT_LT(offers_[1]->facts.age, std::chrono::seconds(10));

    // Somebody reads it meanwhile.
    fs::rename(root_ / "new/1.host", root_ / "cur/1.host:2,S");
    intake_->taken(offers_[0]->ref);
    turn_until([&] { return filed_.size() == 1; });

    EXPECT_TRUE(fs::exists(root_ / ".Processed/cur/1.host:2,S"));
    EXPECT_TRUE(fs::exists(root_ / "new/2.host"));
}

TEST_F(MaildirIntakeTest, CodeMailsCrossWithoutOctetsAndAreDeleted) {
    put("new/1.host",
        "From: no-reply@portal.example\nTo: A@example.com\nDelivered-To: box@example.com\n"
        "Subject: code\n\nAccess code: ABCDEFGH\n");
    open();
    turn_until([&] { return offers_.size() == 1; });

    const MailOffer& offer = *offers_[0];
    EXPECT_TRUE(offer.is_code);
    EXPECT_TRUE(offer.octets.empty());
    EXPECT_TRUE(offer.facts.subject.empty());
    ASSERT_EQ(offer.readings.size(), 1U);
    EXPECT_EQ(offer.readings[0].code.reveal(), "ABCDEFGH");
    EXPECT_EQ(offer.facts.to, (std::vector<std::string>{"A@example.com", "box@example.com"}));
    intake_->taken(offer.ref);
    turn_until([&] { return filed_.size() == 1; });
    EXPECT_TRUE(fs::is_empty(root_ / "new"));
    EXPECT_FALSE(fs::exists(root_ / ".Processed"));
}

TEST_F(MaildirIntakeTest, AMailWhoseHeaderCannotBeReadMayHoldACodeAndIsNotKept) {
    std::string lines;
    for (int i = 0; i < 5000; ++i) lines += "X-" + std::to_string(i) + ": 1\n";
    put("new/1.host",
        lines + "From: no-reply@portal.example\nSubject: code\n\nAccess code: ABCDEFGH\n");
    open();
    turn_until([&] { return offers_.size() == 1; });

    EXPECT_TRUE(offers_[0]->is_code);
    EXPECT_TRUE(offers_[0]->octets.empty());
    intake_->taken(offers_[0]->ref);
    turn_until([&] { return filed_.size() == 1; });
    EXPECT_FALSE(fs::is_empty(root_ / ".Processed/cur")) << "it stays in the mailbox";
}

TEST_F(MaildirIntakeTest, AtMostEightAreOfferedAndUntakenOnesAgain) {
    options_.patience = milliseconds(150);
    for (int i = 0; i < 12; ++i) put("new/" + std::to_string(100 + i), kLetter + std::to_string(i));
    open();
    turn_until([&] { return offers_.size() >= 8; });
    turn(milliseconds(60));
    EXPECT_EQ(offers_.size(), 8U);

    turn_until([&] { return offers_.size() >= 16; });
    EXPECT_EQ(offers_[8]->ref, offers_[0]->ref) << "the same again";
    intake_->taken(offers_[0]->ref);
    turn_until([&] {
        return std::any_of(offers_.begin(), offers_.end(),
                           [](const auto& offer) { return offer->ref.file == "108"; });
    });
}

TEST_F(MaildirIntakeTest, LinksPipesAndBombsDoNoHarm) {
    fs::create_symlink("/etc/passwd", root_ / "new/link");
    ::mkfifo((root_ / "new/pipe").c_str(), 0600);
    std::string bomb = "From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n";
    for (int i = 0; i < 500; ++i) bomb += "--x\nContent-Type: text/plain\n\ny\n";
    put("new/1.bomb", bomb);
    put("new/2.none", "no header at all");
    open();

    turn_until([&] { return offers_.size() == 2; });

    EXPECT_EQ(offers_[0]->octets, bomb) << "kept as it is, nothing read out of it";
    EXPECT_TRUE(offers_[0]->readings.empty());
    EXPECT_EQ(offers_[1]->octets, "no header at all");
}

TEST_F(MaildirIntakeTest, MissingFolderIsReportedAndFoundLater) {
    fs::remove(root_ / "new");
    open();
    turn(milliseconds(100));
    EXPECT_FALSE(open_);

    fs::create_directory(root_ / "new");
    put("new/1.host", kLetter);

    turn_until([&] { return offers_.size() == 1; });
    EXPECT_TRUE(open_);
}

TEST_F(MaildirIntakeTest, OldMailsAreToldAsOld) {
    put("new/1.host", kLetter);
    fs::last_write_time(root_ / "new/1.host",
                        fs::file_time_type::clock::now() - std::chrono::hours(5));
    open();

    turn_until([&] { return offers_.size() == 1; });

    EXPECT_GT(offers_[0]->facts.age, std::chrono::hours(4));
}

}  // namespace
}  // namespace cabroker::adapters::mailbox
