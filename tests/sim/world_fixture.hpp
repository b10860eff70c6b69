// A whole world in memory for tests: own clock, own CA in a temporary folder, no sockets.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <string>

#include "sim/sign_in.hpp"

namespace cabroker::sim {

/// A folder that goes with the test.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name =
            (std::filesystem::temp_directory_path() / "cabroker-sim-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_;
};

class WorldFixture : public ::testing::Test {
  protected:
    WorldFixture()
        : ca_(CertificateAuthority::open(folder_.path(), clock_.now(), random_).value()),
          post_(context_.get_executor(), clock_, random_, faults_, PostSettings()),
          world_(clock_, ca_, post_, random_, WorldSettings()),
          sign_ins_(world_, random_, SignInSettings()) {}

    Order& an_order(const std::string& id, const std::string& name,
                    const std::string& status = "issued") {
        NewOrder facts;
        facts.supplier_order_id = id;
        facts.common_name = name;
        facts.brand = "rapidssl";
        facts.admin_email = "admin@example.com";
        facts.status = status;
        return *world_.add(std::move(facts)).value();
    }

    TemporaryFolder folder_;
    boost::asio::io_context context_;
    SimClock clock_;
    runtime::SystemRandom random_;
    Faults faults_;
    CertificateAuthority ca_;
    Post post_;
    World world_;
    SignIns sign_ins_;
};

}  // namespace cabroker::sim
