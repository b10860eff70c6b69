#include "tests/daemon/engine/engine_world.hpp"

namespace cabroker::engine {

EngineWorld::EngineWorld() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "cabroker-engine-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    protocol::Capabilities portal;
    portal.type = "guest_portal";
    portal.settle = std::chrono::minutes(2);
    portal.sessions = protocol::SessionBinding::order_and_contact;
    outside_.known.emplace("portal", portal);
    order_.id = ids_.make<domain::OrderId>(clock_.now());
    order_.brand = domain::Brand::rapidssl;
    order_.common_name = "www.example.com";
    order_.supplier_order_id = "902817364";
    order_.admin_email = "admin@example.com";
    order_.created_at = clock_.now();
    order_.updated_at = clock_.now();
    open();
}

EngineWorld::~EngineWorld() {
    close();
    pool_.join();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void EngineWorld::open() {
    io_.restart();
    hub_ = std::make_unique<ChangeHub>(io_.get_executor());
    store::StoreOptions options;
    options.state_dir = directory_ / "state";
    auto store = store::Store::open(options, io_.get_executor());
    if (!store) throw std::runtime_error(store.error().detail);
    store_ = std::move(*store);
    auto vault = vault::Vault::open(vault::KeySource::file(directory_ / "vault.key"),
                                    store_->reader().meta().anything_sealed());
    if (!vault) throw std::runtime_error(vault.error().detail);
    vault_.emplace(std::move(*vault));
    store_->on_commit([this](const store::CommitNotice& notice) {
        hub_->changed(notice.changed_requests, notice.last_seq);
    });
    EngineServices services{*store_,
                            outside_,
                            *vault_,
                            clock_,
                            random_,
                            ids_,
                            *hub_,
                            roots_,
                            io_.get_executor(),
                            pool_.get_executor(),
                            [this] { return std::shared_ptr<const config::Settings>(settings_); },
                            {}};
    engine_ = std::make_unique<Engine>(std::move(services));
    const auto recovered = engine_->recover();
    if (!recovered) throw std::runtime_error(recovered.error().detail);
    runtime::spawn(io_.get_executor(), "engine", engine_->run());
}

void EngineWorld::close() {
    if (!engine_) return;
    engine_->stop();
    turn_until([this] { return engine_->idle(); });
    for (int turns = 0; turns < 20; ++turns) io_.poll();
    store_->stop();
    for (int turns = 0; turns < 20; ++turns) io_.poll();
    engine_.reset();
    vault_.reset();
    store_.reset();
}

void EngineWorld::turn_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (!done() && std::chrono::steady_clock::now() < until) {
        io_.run_one_for(std::chrono::milliseconds(5));
        if (io_.stopped()) io_.restart();
    }
    EXPECT_TRUE(done()) << "it did not happen within five seconds";
}

void EngineWorld::advance(domain::Duration by) {
    clock_.advance(by);
    engine_->kick();
}

Creation EngineWorld::request_for(domain::Params params) {
    Creation creation;
    creation.request.id = ids_.make<domain::RequestId>(clock_.now());
    creation.request.kind = domain::kind_of(params);
    creation.request.params = std::move(params);
    creation.request.order = domain::snapshot_of(order_);
    creation.request.adapter = "portal";
    creation.request.channel = domain::Channel::portal;
    creation.request.deadline_at = clock_.now() + std::chrono::hours(24 * 7);
    creation.request.created_by.name = "tester";
    if (!ordered_) creation.new_order = std::make_unique<domain::Order>(order_);
    ordered_ = true;
    return creation;
}

domain::Result<domain::Request> EngineWorld::create_as(Creation creation) {
    Creating creating = engine_->create(std::move(creation), {});
    const domain::Result<void> stored = wait(std::move(creating.stored));
    if (!stored) return stored.error();
    return *creating.request;
}

domain::RequestId EngineWorld::create(domain::Params params) {
    const auto created = create_as(request_for(std::move(params)));
    if (!created) throw std::runtime_error(created.error().detail);
    return created->id;
}

domain::Request EngineWorld::get(const domain::RequestId& id) {
    return store_->reader().requests().get(id)->request;
}

void EngineWorld::turn_until_state(const domain::RequestId& id, domain::State state) {
    turn_until([&] { return get(id).state == state; });
    turn_until([&] { return engine_->idle(); });
    ASSERT_EQ(domain::name_of(get(id).state), domain::name_of(state));
}

ScriptedOutside::Step EngineWorld::answers(protocol::Answer answer, std::string step) {
    return [answer = std::move(answer), step = std::move(step)](const protocol::StepContext&) {
        protocol::StepResult result;
        result.answer = answer;
        result.step = step;
        return domain::Result<protocol::StepResult>(std::move(result));
    };
}

protocol::Intend EngineWorld::intent(domain::EffectClass effect_class, std::string summary) {
    protocol::Intend intend;
    intend.effect.effect_class = effect_class;
    intend.effect.summary = std::move(summary);
    return intend;
}

}  // namespace cabroker::engine
