// Which account and which session of a portal a step is given.
#include <fstream>

#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {
namespace {

class EngineAccountTest : public EngineWorld {
  protected:
    EngineAccountTest() {
        outside_.known["portal"].sessions = protocol::SessionBinding::account;
        config::AdapterSettings adapter;
        adapter.name = "portal";
        adapter.type = "guest_portal";
        config::GuestPortalSettings portal;
        portal.profile.binds = config::Binding::account;
        portal.accounts["main"] = account("main-user", "pw-main");
        adapter.details = std::move(portal);
        settings_->adapters["portal"] = std::move(adapter);
    }

    config::AccountSettings account(const std::string& user, const std::string& password) {
        const std::filesystem::path file = directory_ / (user + ".password");
        std::ofstream(file) << password << '\n';
        std::filesystem::permissions(file, std::filesystem::perms::owner_read);
        config::AccountSettings made;
        made.user = user;
        made.password = config::SecretSource{config::SecretSource::Kind::file, file.string()};
        return made;
    }
    std::map<std::string, config::AccountSettings>& accounts() {
        return std::get<config::GuestPortalSettings>(settings_->adapters["portal"].details)
            .accounts;
    }
    /// What the next step is told: "NAME USER PASSWORD SESSION", "-" where there is none.
    std::string told(domain::State state = domain::State::rejected) {
        std::string said = "nothing";
        outside_.script.push_back([&said](const protocol::StepContext& context) {
            said = context.account ? context.account->name + " " + context.account->user + " " +
                                         std::string(context.account->password.reveal())
                                   : "-";
            said += context.session ? " " + context.session->key : " -";
            protocol::StepResult result;
            result.answer = protocol::Rejected{"enough", "", ""};
            protocol::Session session;
            session.jar = domain::Secret(std::string_view("jar"));
            result.session = std::move(session);
            return domain::Result<protocol::StepResult>(std::move(result));
        });
        const auto id = create(domain::StatusParams{});
        turn_until_state(id, state);
        outside_.script.clear();
        return said;
    }
};

TEST_F(EngineAccountTest, TheOnlyAccountIsGivenAndItsSessionIsShared) {
    EXPECT_EQ(told(), "main main-user pw-main -");
    EXPECT_EQ(told(), "main main-user pw-main portal/account/main");
}

TEST_F(EngineAccountTest, TheOrderNamesOneOfSeveralByNameOrUser) {
    accounts()["other"] = account("other-user", "pw-other");

    EXPECT_EQ(told(), "- -") << "nobody may guess";
    order_.account = "other";
    EXPECT_EQ(config::account_for(accounts(), order_.account)->first, "other");
    order_.account = "main-user";
    EXPECT_EQ(config::account_for(accounts(), order_.account)->first, "main");
    order_.account = "strange";
    EXPECT_EQ(config::account_for(accounts(), order_.account), nullptr);
}

TEST_F(EngineAccountTest, APasswordThatCannotBeReadIsAMisconfiguration) {
    std::filesystem::remove(directory_ / "main-user.password");

    EXPECT_EQ(told(domain::State::backoff), "nothing");

    EXPECT_EQ(outside_.calls, 0);
}

}  // namespace
}  // namespace cabroker::engine
