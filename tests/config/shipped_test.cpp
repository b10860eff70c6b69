#include "config/shipped.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "config/load.hpp"
#include "tests/config/config_dir.hpp"

namespace cabroker::config {
namespace {

TEST(ShippedTest, FilesAreFoundByTheirPaths) {
    EXPECT_TRUE(shipped_file("cabroker.yaml").has_value());
    EXPECT_TRUE(shipped_file("profiles/digicert-guest.yaml").has_value());
    EXPECT_FALSE(shipped_file("profiles/none.yaml").has_value());
    const std::vector<std::string_view> files = shipped_files();
    EXPECT_TRUE(std::is_sorted(files.begin(), files.end()));
}

TEST(ShippedTest, SampleLoadsAsItIs) {
    const ConfigDir dir;
    const LoadResult result =
        load(dir.write("cabroker.yaml", std::string(*shipped_file("cabroker.yaml"))));

    EXPECT_TRUE(result.ok()) << result.text();
}

TEST(ShippedTest, SampleLoadsWithEverythingTurnedOn) {
    const ConfigDir dir;
    std::string text;
    std::istringstream lines{std::string(*shipped_file("cabroker.yaml"))};
    for (std::string line; std::getline(lines, line);) {
        // "# Words" explains, "#key" and "#  key" are settings turned off; one `outside` is the
        // alternative.
        const bool explains = line.starts_with("# ") && !line.starts_with("#  ");
        if (explains || line.starts_with("#outside: {mode: connect")) continue;
        text += (line.starts_with("#") ? line.substr(1) : line) + "\n";
    }
    const std::string ca = dir.write("ca.pem", "x");
    for (const std::string& name : {std::string("/etc/ssl/certs/ca-certificates.crt")}) {
        for (std::size_t at = text.find(name); at != std::string::npos;
             at = text.find(name, at + ca.size()))
            text.replace(at, name.size(), ca);
    }

    const LoadResult result = load(dir.write("cabroker.yaml", text));

    ASSERT_TRUE(result.ok()) << result.text() << text;
    EXPECT_EQ(result.settings->adapters.size(), 4U);
    EXPECT_EQ(result.settings->mailboxes.size(), 2U);
    EXPECT_FALSE(result.settings->shipped_routes);
}

TEST(ShippedTest, NoProfileHasAProblem) {
    const ConfigDir dir;
    std::size_t profiles = 0;

    for (const std::string_view name : shipped_files()) {
        if (!name.starts_with("profiles/")) continue;
        ++profiles;
        const auto problems = check_profile(dir.write("p.yaml", std::string(*shipped_file(name))));
        for (const Problem& problem : problems) ADD_FAILURE() << name << problem.text();
    }

    EXPECT_GE(profiles, 3U);
}

TEST(ShippedTest, RoutesCoverTheSevenBrandsAsPublished) {
    const ConfigDir dir;
    const LoadResult result = load(dir.write("cabroker.yaml", "adapters: {}\n"));

    ASSERT_TRUE(result.ok()) << result.text();
    for (const auto& brand : domain::words<domain::Brand>()) {
        const bool reissue = std::any_of(
            result.settings->routes.begin(), result.settings->routes.end(),
            [&](const RouteRule& rule) {
                const auto& brands = rule.match.brands;
                const auto& kinds = rule.match.kinds;
                return std::find(brands.begin(), brands.end(), brand.value) != brands.end() &&
                       std::find(kinds.begin(), kinds.end(), domain::Kind::reissue) != kinds.end();
            });
        EXPECT_TRUE(reissue) << brand.name;
        EXPECT_EQ(result.settings->brands.at(brand.value).supplier,
                  domain::supplier_of(brand.value))
            << brand.name;
    }
}

TEST(ShippedTest, ConsumerBrandsEndedInSeptember2020) {
    const ConfigDir dir;
    const LoadResult result = load(dir.write("cabroker.yaml", "adapters: {}\n"));

    ASSERT_TRUE(result.ok()) << result.text();
    const domain::Time end(
        std::chrono::sys_days(std::chrono::year(2020) / 9 / 30).time_since_epoch());
    for (const auto brand :
         {domain::Brand::geotrust, domain::Brand::thawte, domain::Brand::rapidssl}) {
        ASSERT_EQ(result.settings->brands.at(brand).discontinued.size(), 1U);
        EXPECT_EQ(result.settings->brands.at(brand).discontinued[0].since, end);
    }
    EXPECT_TRUE(result.settings->brands.at(domain::Brand::digicert).discontinued.empty());
}

}  // namespace
}  // namespace cabroker::config
