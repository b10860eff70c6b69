// A mailbox of a real Dovecot over IMAPS, which nobody here wrote.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "adapters/mailbox/source.hpp"
#include "tests/transport/peer.hpp"

namespace cabroker::adapters::mailbox {
namespace {

namespace fs = std::filesystem;
using domain::ErrorCode;
using protocol::MailRef;
using transport::Peer;

constexpr auto kImapLetter = "From: a@b.example\nSubject: x\n\nfirst line\n.\nlast {3}\n";

class ImapSourceTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        const bool possible =
            ::geteuid() == 0 && fs::exists("/usr/sbin/postfix") && fs::exists("/usr/sbin/dovecot");
        if (possible) peer_ = new Peer("../support/mail_server.py");
    }
    static void TearDownTestSuite() {
        delete peer_;
        peer_ = nullptr;
    }
    void SetUp() override {
        if (peer_ == nullptr) GTEST_SKIP() << "needs root, postfix and dovecot-imapd";
        settings_.name = "other";
        settings_.imap = "imaps://localhost:" + (*peer_)["imaps"] + "/INBOX";
        settings_.ca_file = (*peer_)["ca_file"];
        settings_.user = (*peer_)["user"];
        for (const char* part : {"new", "cur", ".Processed/new", ".Processed/cur"}) {
            std::error_code ignored;
            for (const auto& each : fs::directory_iterator(box() / part, ignored))
                fs::remove(each.path());
        }
    }
    fs::path box() const { return (*peer_)["maildir"]; }
    std::unique_ptr<Source> source(const std::string& cursor = "",
                                   const std::string& password = (*peer_)["password"]) {
        return make_imap_source(settings_, domain::Secret(std::string_view(password)), cursor,
                                loop_.get_executor());
    }
    // As another program would deliver it.
    void put(const std::string& name, const std::string& text) const {
        const fs::path path = box() / "tmp" / name;
        std::ofstream(path, std::ios::binary) << text;
        struct ::stat owner {};
        ASSERT_EQ(::stat(box().c_str(), &owner), 0);
        ASSERT_EQ(::chown(path.c_str(), owner.st_uid, owner.st_gid), 0);
        fs::rename(path, box() / "new" / name);
    }

    static Peer* peer_;
    boost::asio::io_context loop_{1};
    config::MailboxSettings settings_;
};
Peer* ImapSourceTest::peer_ = nullptr;

std::string with_crlf(std::string text) {
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2))
        text.insert(at, "\r");
    return text;
}

TEST_F(ImapSourceTest, MailsAreReadUnseenAndMoved) {
    put("1.a", kImapLetter);
    put("2.a", std::string(kImapLetter) + std::string(200'000, 'x') + "\n");
    const auto mailbox = source();

    const auto found = mailbox->look(100);

    ASSERT_TRUE(found.has_value()) << found.error().detail;
    ASSERT_EQ(found->size(), 2U);
    EXPECT_TRUE(found->at(0).arrived.has_value());
    const auto first = mailbox->read(found->at(0).ref, 1'000'000);
    ASSERT_TRUE(first.has_value()) << first.error().detail;
    EXPECT_EQ(*first, with_crlf(kImapLetter));
    EXPECT_GT(mailbox->read(found->at(1).ref, 1'000'000)->size(), 200'000U);
    EXPECT_EQ(*mailbox->read_head(found->at(0).ref, 1'000),
              "From: a@b.example\r\nSubject: x\r\n\r\n");
    const auto again = mailbox->look(100);
    ASSERT_EQ(again->size(), 2U);
    for (const auto& each : fs::directory_iterator(box() / "cur")) {
        EXPECT_EQ(each.path().string().find('S', each.path().string().find(":2,")),
                  std::string::npos)
            << "not marked as seen: " << each.path();
    }

    const auto moved = mailbox->file(found->at(0).ref, "Processed");
    EXPECT_TRUE(moved.has_value()) << moved.error().detail;
    EXPECT_NE(mailbox->cursor().find("\"uid\":" + std::to_string(found->at(0).ref.uid)),
              std::string::npos)
        << mailbox->cursor();
    const auto removed = mailbox->remove(found->at(1).ref);
    EXPECT_TRUE(removed.has_value()) << removed.error().detail;

    EXPECT_TRUE(mailbox->look(100)->empty());
    std::size_t moved_there = 0;
    for (const char* part : {".Processed/new", ".Processed/cur"})
        for (const auto& each : fs::directory_iterator(box() / part)) moved_there += each.exists();
    EXPECT_EQ(moved_there, 1U);
    EXPECT_EQ(mailbox->read(found->at(0).ref, 1'000).error().code, ErrorCode::not_found);
    EXPECT_TRUE(mailbox->file(found->at(0).ref, "Processed").has_value()) << "gone is as good";
}

TEST_F(ImapSourceTest, CursorLeavesOutWhatWasDoneAndAnotherUidvalidityDropsIt) {
    put("1.b", kImapLetter);
    const auto first = source();
    const auto found = first->look(100);
    ASSERT_EQ(found->size(), 1U);
    const MailRef ref = found->at(0).ref;
    const std::string at_it = R"({"uidvalidity":)" + std::to_string(ref.uidvalidity) +
                              R"(,"uid":)" + std::to_string(ref.uid) + "}";
    const std::string of_another = R"({"uidvalidity":1,"uid":4000000000})";

    EXPECT_TRUE(source(at_it)->look(100)->empty());
    EXPECT_EQ(source(of_another)->look(100)->size(), 1U) << "the whole folder is offered";
    EXPECT_EQ(source("{\"uid\":\"x\"}")->look(100)->size(), 1U);
    const auto stale = source();
    ASSERT_EQ(stale->look(100)->size(), 1U);
    EXPECT_EQ(stale->read(MailRef(ref.uidvalidity + 1, ref.uid), 1'000).error().code,
              ErrorCode::not_found);
    EXPECT_TRUE(stale->remove(MailRef(ref.uidvalidity + 1, ref.uid)).has_value());
    EXPECT_EQ(stale->look(100)->size(), 1U) << "a number of another time deletes nothing";
}

TEST_F(ImapSourceTest, StrangersCertificatesAndWrongPasswordsAreRefused) {
    const auto wrong = source("", "wrong")->look(10);
    settings_.ca_file.reset();
    const auto untrusted = source()->look(10);
    settings_.imap = "imaps://localhost:1/INBOX";
    const auto nobody = source()->look(10);

    EXPECT_EQ(wrong.error().code, ErrorCode::bad_configuration);
    EXPECT_EQ(untrusted.error().code, ErrorCode::unreachable);
    EXPECT_EQ(untrusted.error().facts.at("cause"), "certificate");
    EXPECT_EQ(nobody.error().facts.at("cause"), "connect");
}

TEST_F(ImapSourceTest, MissingFolderSaysSo) {
    settings_.imap = "imaps://localhost:" + (*peer_)["imaps"] + "/No%20such%22one";

    const auto found = source()->look(10);

    EXPECT_EQ(found.error().code, ErrorCode::bad_configuration);
    EXPECT_NE(found.error().detail.find("No such\"one"), std::string::npos) << found.error().detail;
}

}  // namespace
}  // namespace cabroker::adapters::mailbox
