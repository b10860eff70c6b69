// Reads an HTML page that nobody vouches for: libxml2's forgiving HTML parser without network, with
// caps, queried by XPath 1.0. Comments, scripts, styles and text inside hidden elements are gone
// before any query.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/error.hpp"
#include "transport/form.hpp"

namespace cabroker::transport {

class PageNode;

/// A parsed page. A value that shares one immutable tree; one thread.
class Page {
  public:
    static constexpr std::size_t kMaxBytes = 2 * 1024 * 1024;
    static constexpr std::size_t kMaxNodes = 10'000;

    /// Parses octets. The charset is that of `content_type`, else the page's meta, else UTF-8 when
    /// the octets are valid UTF-8, else windows-1252. `content_type` is the header's whole value;
    /// empty means HTML. limit_exceeded above kMaxBytes; bad_answer when it is not HTML, empty, or
    /// of an unknown charset.
    [[nodiscard]] static domain::Result<Page> parse(std::string_view body,
                                                    std::string_view content_type);

    /// XPath queries. All text is UTF-8 with white space collapsed and trimmed; an expression that
    /// yields a string, number or boolean gives its text. bad_configuration when the expression
    /// does not compile.
    [[nodiscard]] domain::Result<std::vector<std::string>> all(const std::string& xpath) const;
    /// The first match; nullopt when nothing matches.
    [[nodiscard]] domain::Result<std::optional<std::string>> first(const std::string& xpath) const;
    /// XPath's boolean(): a node matches, a string is not empty, a number is not zero.
    [[nodiscard]] domain::Result<bool> holds(const std::string& xpath) const;
    /// Element nodes, for queries relative to each (rows of a table); at most kMaxNodes.
    [[nodiscard]] domain::Result<std::vector<PageNode>> nodes(const std::string& xpath) const;

    /// All forms in document order.
    [[nodiscard]] std::vector<Form> forms() const;
    /// The one form that an XPath selects; nullopt when none, bad_answer when it selects more than
    /// one.
    [[nodiscard]] domain::Result<std::optional<Form>> form(const std::string& xpath) const;
    /// The one form with that id or name; nullopt when none or more than one.
    [[nodiscard]] std::optional<Form> form_named(std::string_view id_or_name) const;

    /// The reference of the page's first `<base href>`, against which its links and forms are
    /// resolved; empty when it has none.
    [[nodiscard]] std::string base() const;
    [[nodiscard]] std::string title() const;
    /// All visible text.
    [[nodiscard]] std::string text() const;

    struct Tree;

  private:
    explicit Page(std::shared_ptr<Tree> tree) : tree_(std::move(tree)) {}
    std::shared_ptr<Tree> tree_;
};

/// One element of a page; keeps the page's tree alive.
class PageNode {
  public:
    [[nodiscard]] std::string text() const;
    /// nullopt when the element has no such attribute.
    [[nodiscard]] std::optional<std::string> attribute(const std::string& name) const;
    [[nodiscard]] domain::Result<std::optional<std::string>> first(const std::string& xpath) const;
    [[nodiscard]] domain::Result<std::vector<std::string>> all(const std::string& xpath) const;

  private:
    friend class Page;
    PageNode(std::shared_ptr<Page::Tree> tree, void* node) : tree_(std::move(tree)), node_(node) {}
    std::shared_ptr<Page::Tree> tree_;
    void* node_;
};

/// Does the expression compile? bad_configuration with the reason; for checking a profile before it
/// is used.
[[nodiscard]] domain::Result<void> check_xpath(const std::string& xpath);

/// White space (no-break space included) collapsed to single spaces and trimmed.
[[nodiscard]] std::string collapse(std::string_view text);

}  // namespace cabroker::transport
