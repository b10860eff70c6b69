#include <fstream>
#include <iterator>

#include "daemon/vault/vault.hpp"
#include "tests/daemon/store/store_fixture.hpp"

namespace cabroker::store {
namespace {

class TablesTest : public StoreTest {
  protected:
    [[nodiscard]] const Reader& reader() { return store().reader(); }
    [[nodiscard]] EffectRow an_effect(const StoredRequest& row, domain::EffectClass effect_class) {
        EffectRow effect;
        effect.effect.id = new_id<domain::EffectId>(start_);
        effect.effect.effect_class = effect_class;
        effect.effect.summary = "reissue";
        effect.effect.seen_before = "issued";
        effect.request_id = row.request.id;
        effect.order_id = row.request.order.id;
        effect.intended_at = at(1);
        return effect;
    }
    [[nodiscard]] MessageRow a_message(const StoredRequest& row) {
        MessageRow message;
        message.id = new_id<domain::MessageId>(start_);
        message.request_id = row.request.id;
        message.direction = "out";
        message.status = "prepared";
        message.message_class = "ticket";
        message.from = "a@example.com";
        message.to = "b@example.net";
        message.subject = "Reissue";
        message.message_id = "<x@example.com>";
        message.at = at(2);
        message.size = 5;
        return message;
    }
};

TEST_F(TablesTest, EventsAreNumberedWithoutReuseAndReadFromACursor) {
    const StoredRequest row = stored_request();
    EXPECT_EQ(reader().events().last_seq(), 0);
    EXPECT_EQ(reader().events().first_seq(), 1);
    Event event = an_event(row);
    event.data = R"({"state":"queued"})";
    must_write([&](Tx& tx) {
        for (int i = 0; i < 5; ++i) {
            event.at = at(i);
            tx.events().append(event);
        }
    });

    const auto page = reader().events().after(2, 2);
    ASSERT_EQ(page.size(), 2U);
    EXPECT_EQ(page[0].seq, 3);
    EXPECT_EQ(page[1].seq, 4);
    EXPECT_EQ(page[0].id, event.id);
    EXPECT_EQ(page[0].type, "request.created");
    EXPECT_EQ(page[0].at, at(2));
    EXPECT_EQ(page[0].request_id, row.request.id);
    EXPECT_EQ(page[0].order_id, row.request.order.id);
    EXPECT_EQ(page[0].data, event.data);

    must_write([&](Tx& tx) { EXPECT_EQ(tx.events().prune(at(3)), 3); });
    EXPECT_EQ(reader().events().first_seq(), 4);
    must_write([&](Tx& tx) { EXPECT_EQ(tx.events().prune(at(100)), 2); });
    EXPECT_EQ(reader().events().first_seq(), 6);
    EXPECT_EQ(reader().events().last_seq(), 5);
    must_write([&](Tx& tx) { EXPECT_EQ(tx.events().append(event), 6); });
}

TEST_F(TablesTest, TimelineIsReadOldestFirst) {
    const StoredRequest row = stored_request();
    TimelineEntry entry;
    entry.request_id = row.request.id;
    entry.at = at(1);
    entry.type = "state";
    entry.actor_kind = "broker";
    entry.actor_name = "cabrokerd";
    entry.text = "first";
    entry.state = domain::State::running;
    must_write([&](Tx& tx) {
        tx.timeline().append(entry);
        entry.text = "second";
        entry.state.reset();
        tx.timeline().append(entry);
    });

    const auto entries = reader().timeline().list(row.request.id);

    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].text, "first");
    EXPECT_EQ(entries[0].state, domain::State::running);
    EXPECT_EQ(entries[0].actor_kind, "broker");
    EXPECT_EQ(entries[0].actor_name, "cabrokerd");
    EXPECT_EQ(entries[0].type, "state");
    EXPECT_EQ(entries[0].at, at(1));
    EXPECT_EQ(entries[0].details, "{}");
    EXPECT_EQ(entries[1].state, std::nullopt);
    EXPECT_EQ(reader().timeline().list(row.request.id, 10, entries[0].seq).size(), 1U);
}

TEST_F(TablesTest, AnOrderHasAtMostOneOpenOnceEffect) {
    const StoredRequest row = stored_request();
    const EffectRow first = an_effect(row, domain::EffectClass::once);
    const EffectRow second = an_effect(row, domain::EffectClass::once);
    const EffectRow harmless = an_effect(row, domain::EffectClass::repeatable);
    must_write([&](Tx& tx) {
        ASSERT_TRUE(tx.effects().insert(first).has_value());
        ASSERT_TRUE(tx.effects().insert(harmless).has_value());
        ASSERT_TRUE(tx.effects().set_leave(first.effect.id, at(60)).has_value());
    });

    Change<void> change = [&](Tx& tx) { return tx.effects().insert(second); };
    const Result<void> refused = write(change);
    ASSERT_TRUE(refused.has_error());
    EXPECT_EQ(refused.error().code, ErrorCode::state_conflict);
    must_write([&](Tx& tx) {
        ASSERT_TRUE(tx.effects().set_unknown(first.effect.id, "no answer").has_value());
    });
    EXPECT_TRUE(write(change).has_error()) << "an unknown effect is still open";
    EXPECT_EQ(reader().effects().open_once_for_order(row.request.order.id)->effect.id,
              first.effect.id);

    must_write([&](Tx& tx) {
        ASSERT_TRUE(
            tx.effects().close(first.effect.id, EffectState::not_done, at(99), "seen").has_value());
    });
    EXPECT_TRUE(write(change).has_value());
    EXPECT_EQ(reader().effects().open_once_for_order(row.request.order.id)->effect.id,
              second.effect.id);
}

TEST_F(TablesTest, OpenLeavesFollowADateThatWasSet) {
    const StoredRequest row = stored_request();
    const EffectRow open = an_effect(row, domain::EffectClass::once);
    const EffectRow ended = an_effect(row, domain::EffectClass::repeatable);
    const auto until = [&](const EffectRow& effect) {
        return reader().effects().get(effect.effect.id)->act_until;
    };
    must_write([&](Tx& tx) {
        for (const EffectRow& effect : {open, ended}) {
            ASSERT_TRUE(tx.effects().insert(effect).has_value());
            ASSERT_TRUE(tx.effects().set_leave(effect.effect.id, at(60)).has_value());
        }
        ASSERT_TRUE(tx.effects().close(ended.effect.id, EffectState::done, at(9), "").has_value());
    });

    must_write([&](Tx& tx) { tx.effects().move_leaves(std::chrono::seconds(30), at(0), at(200)); });
    EXPECT_EQ(until(open), at(90));
    must_write([&](Tx& tx) { tx.effects().move_leaves(std::chrono::seconds(0), at(0), at(40)); });
    EXPECT_EQ(until(open), at(40));
    must_write([&](Tx& tx) { tx.effects().move_leaves(std::chrono::seconds(0), at(50), at(80)); });
    EXPECT_EQ(until(open), at(50));
    EXPECT_EQ(until(ended), at(60));
}

TEST_F(TablesTest, EffectGoesFromIntentToItsEndAndNoFurther) {
    const StoredRequest row = stored_request();
    const EffectRow effect = an_effect(row, domain::EffectClass::once);
    must_write([&](Tx& tx) {
        ASSERT_TRUE(tx.effects().insert(effect).has_value());
        ASSERT_TRUE(tx.effects().set_leave(effect.effect.id, at(60)).has_value());
    });
    const auto open = reader().effects().open_for_request(row.request.id);
    ASSERT_TRUE(open.has_value());
    EXPECT_EQ(open->state, EffectState::leave);
    EXPECT_EQ(open->act_until, at(60));
    EXPECT_EQ(open->intended_at, at(1));
    EXPECT_EQ(open->effect.summary, "reissue");
    EXPECT_EQ(open->effect.seen_before, "issued");
    EXPECT_EQ(open->effect.effect_class, domain::EffectClass::once);

    must_write([&](Tx& tx) {
        ASSERT_TRUE(
            tx.effects().close(effect.effect.id, EffectState::done, at(70), "key").has_value());
        EXPECT_TRUE(tx.effects().set_leave(effect.effect.id, at(80)).has_error());
        EXPECT_TRUE(tx.effects().set_unknown(effect.effect.id, "").has_error());
        EXPECT_TRUE(
            tx.effects().close(effect.effect.id, EffectState::closed, at(80), "").has_error());
    });

    EXPECT_EQ(reader().effects().open_for_request(row.request.id), std::nullopt);
    ASSERT_EQ(reader().effects().list(row.request.id).size(), 1U);
    const auto closed = reader().effects().get(effect.effect.id);
    EXPECT_EQ(closed->state, EffectState::done);
    EXPECT_EQ(closed->closed_at, at(70));
    EXPECT_EQ(closed->detail, "key");
}

TEST_F(TablesTest, InputsAreTakenInTheOrderGiven) {
    const StoredRequest row = stored_request();
    InputRow input;
    input.request_id = row.request.id;
    input.name = "access_code";
    input.given_by = "alice";
    input.at = at(1);
    must_write([&](Tx& tx) {
        for (const char* value : {"one", "two", "three"}) {
            input.sealed_value = value;
            tx.inputs().insert(input);
        }
    });
    EXPECT_TRUE(reader().meta().anything_sealed());

    must_write([&](Tx& tx) {
        const auto taken = tx.inputs().take(row.request.id);
        ASSERT_TRUE(taken.has_value());
        EXPECT_EQ(taken->sealed_value, "one");
        EXPECT_EQ(taken->name, "access_code");
        EXPECT_EQ(taken->given_by, "alice");
        EXPECT_EQ(taken->at, at(1));
    });
    EXPECT_EQ(reader().inputs().list(row.request.id).size(), 2U);
    must_write([&](Tx& tx) {
        EXPECT_EQ(tx.inputs().delete_for_request(row.request.id), 2);
        EXPECT_FALSE(tx.inputs().take(row.request.id).has_value());
    });
    EXPECT_FALSE(reader().meta().anything_sealed());
}

TEST_F(TablesTest, SessionIsReplacedAndDropped) {
    SessionRow session;
    session.key = "portal/alice";
    session.adapter = "portal";
    session.sealed_jar = "jar 1";
    session.expires_at = at(100);
    must_write([&](Tx& tx) { tx.sessions().put(session); });
    session.sealed_jar = "jar 2";
    session.updated_at = at(5);
    must_write([&](Tx& tx) { tx.sessions().put(session); });

    const auto found = reader().sessions().get("portal/alice");
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->sealed_jar, "jar 2");
    EXPECT_EQ(found->expires_at, at(100));
    EXPECT_EQ(found->updated_at, at(5));
    EXPECT_EQ(reader().sessions().list("portal").size(), 1U);
    EXPECT_TRUE(reader().sessions().list("other").empty());
    must_write([&](Tx& tx) {
        EXPECT_EQ(tx.sessions().drop_expired(at(99)), 0);
        EXPECT_EQ(tx.sessions().drop_expired(at(100)), 1);
        tx.sessions().drop("portal/alice");
    });
    EXPECT_EQ(reader().sessions().get("portal/alice"), std::nullopt);
}

TEST_F(TablesTest, MessageKeepsItsOctetsAndChangesItsStatus) {
    const StoredRequest row = stored_request();
    const MessageRow message = a_message(row);
    MessageRow redacted = a_message(row);
    redacted.status = "redacted";
    const std::string raw = std::string("a\0\r\n\xff", 5);
    must_write([&](Tx& tx) {
        tx.messages().insert(message, raw);
        tx.messages().insert(redacted, std::nullopt);
        ASSERT_TRUE(tx.messages().set_status(message.id, "sent", "250 ok").has_value());
        EXPECT_TRUE(
            tx.messages().set_status(new_id<domain::MessageId>(start_), "sent", {}).has_error());
    });

    const auto found = reader().messages().get(message.id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->status, "sent");
    EXPECT_EQ(found->smtp_reply, "250 ok");
    EXPECT_EQ(found->from, message.from);
    EXPECT_EQ(found->to, message.to);
    EXPECT_EQ(found->subject, message.subject);
    EXPECT_EQ(found->message_id, message.message_id);
    EXPECT_EQ(found->message_class, "ticket");
    EXPECT_EQ(found->direction, "out");
    EXPECT_EQ(found->size, 5);
    EXPECT_EQ(reader().messages().raw(message.id), raw);
    EXPECT_EQ(reader().messages().raw(redacted.id), std::nullopt);
    EXPECT_EQ(reader().messages().list(row.request.id).size(), 2U);
}

TEST_F(TablesTest, ArtifactAndCertificateKeepTheirOctets) {
    const StoredRequest row = stored_request();
    ArtifactRow artifact;
    artifact.id = new_id<domain::ArtifactId>(start_);
    artifact.request_id = row.request.id;
    artifact.name = "www.example.com.pem";
    artifact.format = "pem_all";
    artifact.content_type = "application/x-pem-file";
    artifact.size = 3;
    artifact.sha256 = "ab";
    artifact.created_at = at(3);
    CertificateRow certificate;
    certificate.order_id = row.request.order.id;
    certificate.serial = "0a";
    certificate.sha256 = "cd";
    certificate.spki_sha256 = "ef";
    certificate.der = std::string("\x30\0", 2);
    certificate.not_before = at(1);
    certificate.not_after = at(2);
    certificate.seen_at = at(3);
    must_write([&](Tx& tx) {
        tx.artifacts().insert(artifact, std::string("a\0b", 3));
        tx.certificates().put(certificate);
        certificate.seen_at = at(9);
        tx.certificates().put(certificate);
    });

    const auto found = reader().artifacts().get(artifact.id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->name, artifact.name);
    EXPECT_EQ(found->format, "pem_all");
    EXPECT_EQ(found->content_type, artifact.content_type);
    EXPECT_EQ(found->sha256, "ab");
    EXPECT_EQ(found->size, 3);
    EXPECT_EQ(found->created_at, at(3));
    EXPECT_EQ(reader().artifacts().content(artifact.id), std::string("a\0b", 3));
    EXPECT_EQ(reader().artifacts().list(row.request.id).size(), 1U);
    const auto seen = reader().certificates().get(row.request.order.id, "cd");
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(seen->der, certificate.der);
    EXPECT_EQ(seen->spki_sha256, "ef");
    EXPECT_EQ(seen->seen_at, at(3));
    EXPECT_EQ(reader().certificates().list(row.request.order.id).size(), 1U);
}

TEST_F(TablesTest, IdempotencyKeyIsUsedOnce) {
    IdempotencyRow row;
    row.key = "0//POST/v1/requests/abc";
    row.body_hmac = "h1";
    row.status = 201;
    row.headers = R"({"Location":"/v1/requests/req_x"})";
    row.body = "{}";
    row.created_at = at(1);
    must_write([&](Tx& tx) { ASSERT_TRUE(tx.idempotency().insert(row).has_value()); });

    Change<void> change = [&](Tx& tx) { return tx.idempotency().insert(row); };
    const Result<void> again = write(std::move(change));

    ASSERT_TRUE(again.has_error());
    EXPECT_EQ(again.error().code, ErrorCode::conflict);
    const auto found = reader().idempotency().find(row.key);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->status, 201);
    EXPECT_EQ(found->body_hmac, "h1");
    EXPECT_EQ(found->headers, row.headers);
    EXPECT_EQ(found->body, "{}");
    must_write([&](Tx& tx) {
        EXPECT_EQ(tx.idempotency().prune(at(1)), 0);
        EXPECT_EQ(tx.idempotency().prune(at(2)), 1);
    });
    EXPECT_EQ(reader().idempotency().find(row.key), std::nullopt);
}

TEST_F(TablesTest, AdapterStateIsReplaced) {
    AdapterStateRow state;
    state.name = "portal";
    state.paused = true;
    state.reason = "maintenance";
    state.by = "alice";
    state.at = at(1);
    must_write([&](Tx& tx) { tx.adapter_states().put(state); });
    EXPECT_EQ(reader().adapter_states().get("portal")->reason, "maintenance");
    state.paused = false;
    state.reason.reset();
    must_write([&](Tx& tx) { tx.adapter_states().put(state); });

    const auto states = reader().adapter_states().list();
    ASSERT_EQ(states.size(), 1U);
    EXPECT_FALSE(states[0].paused);
    EXPECT_EQ(states[0].reason, std::nullopt);
    EXPECT_EQ(states[0].by, "alice");
}

TEST_F(TablesTest, OnlySealedOctetsReachTheFiles) {
    const std::string canary = "CANARY-4711-SECRET";
    auto vault = vault::Vault::open(vault::KeySource::file(folder_ / "vault.key"), false);
    ASSERT_TRUE(vault.has_value());
    StoredRequest row = stored_request();
    row.sealed_cookie =
        vault->seal(canary, vault::Place("requests", row.request.id.text(), "cookie"));
    InputRow input;
    input.request_id = row.request.id;
    input.name = "access_code";
    input.sealed_value =
        vault->seal(canary, vault::Place("inputs", row.request.id.text(), "value"));
    SessionRow session;
    session.key = "portal/alice";
    session.adapter = "portal";
    session.sealed_jar = vault->seal(canary, vault::Place("sessions", session.key, "jar"));
    must_write([&](Tx& tx) {
        ASSERT_TRUE(tx.requests().update(row).has_value());
        tx.inputs().insert(input);
        tx.sessions().put(session);
        tx.meta().set("control", "FINDABLE-CONTROL");
    });

    bool control = false;
    for (const auto& file : std::filesystem::directory_iterator(options_.state_dir)) {
        std::ifstream in(file.path(), std::ios::binary);
        const std::string content{std::istreambuf_iterator<char>(in), {}};
        EXPECT_EQ(content.find(canary), std::string::npos) << file.path();
        control = control || content.find("FINDABLE-CONTROL") != std::string::npos;
    }
    EXPECT_TRUE(control) << "the search would not have found anything";
    const auto opened = vault->open(reader().inputs().list(row.request.id).at(0).sealed_value,
                                    vault::Place("inputs", row.request.id.text(), "value"));
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(opened->reveal(), canary);
}

}  // namespace
}  // namespace cabroker::store
