#include "daemon/vault/vault.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <stdexcept>
#include <utility>

#include "daemon/vault/key.hpp"
#include "runtime/systemd.hpp"

namespace cabroker::vault {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kKeyIdSize = 8;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kHeadSize = 1 + kKeyIdSize + kNonceSize;

// OpenSSL fails here only without memory or with a broken build: a bug, not an answer.
void must(int good, const char* what) {
    if (good != 1) throw std::runtime_error(std::string("cannot ") + what);
}

unsigned char* octets(std::string& text, std::size_t from = 0) {
    return reinterpret_cast<unsigned char*>(text.data()) + from;
}

const unsigned char* octets(std::string_view text, std::size_t from = 0) {
    return reinterpret_cast<const unsigned char*>(text.data()) + from;
}

std::string hex(const std::uint8_t* data, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += "0123456789abcdef"[data[i] >> 4U];
        text += "0123456789abcdef"[data[i] & 15U];
    }
    return text;
}

// HKDF-SHA256 with the purpose as info.
KeyBytes derive(const KeyBytes& key, std::string_view purpose) {
    EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
    EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
    EVP_KDF_free(kdf);
    std::string digest = "SHA256";
    std::string salt = "cabroker vault 1";
    std::string info(purpose);
    std::array<std::uint8_t, KeyBytes::kSize> secret = key.octets;
    const std::array<OSSL_PARAM, 5> params = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), digest.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
        OSSL_PARAM_construct_end(),
    };
    KeyBytes derived;
    const int good =
        EVP_KDF_derive(context, derived.octets.data(), derived.octets.size(), params.data());
    EVP_KDF_CTX_free(context);
    OPENSSL_cleanse(secret.data(), secret.size());
    must(good, "derive a key");
    return derived;
}

void append_sized(std::string& out, std::string_view part) {
    const auto size = static_cast<std::uint32_t>(part.size());
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
        out += static_cast<char>((size >> shift) & 0xffU);
    }
    out += part;
}

// What the tag covers besides the text: the head of the record and the place, each part with its
// size, so that no two places look the same.
std::string associated_data(std::string_view head, const Place& place) {
    std::string data(head);
    append_sized(data, place.table);
    append_sized(data, place.row);
    append_sized(data, place.column);
    return data;
}

class Cipher {
  public:
    Cipher() : context_(EVP_CIPHER_CTX_new()) {
        if (context_ == nullptr) throw std::bad_alloc();
    }
    Cipher(const Cipher&) = delete;
    Cipher& operator=(const Cipher&) = delete;
    ~Cipher() { EVP_CIPHER_CTX_free(context_); }
    [[nodiscard]] EVP_CIPHER_CTX* get() const { return context_; }

  private:
    EVP_CIPHER_CTX* context_;
};

domain::Error not_ours() {
    return {domain::ErrorCode::bad_answer,
            "cannot open a sealed value: it is damaged, of another place or of another key"};
}

}  // namespace

struct Vault::Keys {
    KeyBytes root;
    KeyBytes sealing;
    std::string id_octets;
    std::string id;

    explicit Keys(KeyBytes key) : root(std::move(key)), sealing(derive(root, "seal")) {
        const KeyBytes name = derive(root, "key id");
        id_octets.assign(reinterpret_cast<const char*>(name.octets.data()), kKeyIdSize);
        id = hex(name.octets.data(), kKeyIdSize);
    }
};

KeySource KeySource::file(std::filesystem::path path) {
    KeySource source;
    source.path_ = std::move(path);
    return source;
}

KeySource KeySource::credential(std::string name) {
    KeySource source;
    source.credential_ = std::move(name);
    return source;
}

Vault::Vault(std::unique_ptr<Keys> keys) : keys_(std::move(keys)) {}
Vault::Vault(Vault&&) noexcept = default;
Vault& Vault::operator=(Vault&&) noexcept = default;
Vault::~Vault() = default;

namespace {

domain::Result<KeyBytes> credential_key(const std::string& name) {
    const std::optional<std::string> path = runtime::credential_path(name);
    if (!path) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot use the credential " + name +
                                 " as vault key: systemd passed none; add LoadCredential or use "
                                 "vault.key.file");
    }
    domain::Result<KeyBytes> key = read_key(*path, Sharing::any);
    if (key.has_value() || key.error().code != domain::ErrorCode::not_found) return key;
    return domain::Error(domain::ErrorCode::bad_configuration,
                         "cannot use the credential " + name +
                             " as vault key: it is not there; add it to the unit with "
                             "LoadCredential");
}

domain::Result<KeyBytes> file_key(const std::filesystem::path& path, bool anything_sealed) {
    domain::Result<KeyBytes> key = read_key(path, Sharing::owner_only);
    if (key.has_value() || key.error().code != domain::ErrorCode::not_found) return key;
    if (!anything_sealed) return make_key(path);
    return domain::Error(domain::ErrorCode::bad_configuration,
                         "cannot open the vault: the database holds sealed values and the key " +
                             path.string() + " is missing; restore it from a backup");
}

}  // namespace

domain::Result<Vault> Vault::open(const KeySource& source, bool anything_sealed,
                                  const std::optional<std::string>& expected_key_id) {
    domain::Result<KeyBytes> key = source.is_credential()
                                       ? credential_key(source.credential_name())
                                       : file_key(source.path(), anything_sealed);
    if (!key) return std::move(key).error();
    auto keys = std::make_unique<Keys>(std::move(*key));
    if (anything_sealed && expected_key_id && *expected_key_id != keys->id) {
        return domain::Error(domain::ErrorCode::bad_configuration,
                             "cannot open the vault: the database was sealed with key " +
                                 *expected_key_id + " and this is key " + keys->id +
                                 "; restore the right key file");
    }
    return Vault(std::move(keys));
}

std::string Vault::seal(std::string_view plain, const Place& place) const {
    std::string record(kHeadSize + plain.size() + kTagSize, '\0');
    record[0] = static_cast<char>(kVersion);
    record.replace(1, kKeyIdSize, keys_->id_octets);
    must(RAND_bytes(octets(record, 1 + kKeyIdSize), kNonceSize), "get a nonce");
    const std::string head = record.substr(0, kHeadSize);
    const std::string data = associated_data(head, place);

    const Cipher cipher;
    int size = 0;
    must(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, keys_->sealing.octets.data(),
                            octets(head, 1 + kKeyIdSize)),
         "begin to seal");
    must(EVP_EncryptUpdate(cipher.get(), nullptr, &size, octets(data),
                           static_cast<int>(data.size())),
         "seal the place");
    must(EVP_EncryptUpdate(cipher.get(), octets(record, kHeadSize), &size, octets(plain),
                           static_cast<int>(plain.size())),
         "seal");
    must(EVP_EncryptFinal_ex(cipher.get(), octets(record, kHeadSize + plain.size()), &size),
         "end the seal");
    must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                             octets(record, kHeadSize + plain.size())),
         "get the tag");
    return record;
}

domain::Result<domain::Secret> Vault::open(std::string_view sealed, const Place& place) const {
    if (sealed.size() < kHeadSize + kTagSize || sealed[0] != static_cast<char>(kVersion) ||
        sealed.substr(1, kKeyIdSize) != keys_->id_octets) {
        return not_ours();
    }
    const std::string data = associated_data(sealed.substr(0, kHeadSize), place);
    const std::string_view body = sealed.substr(kHeadSize, sealed.size() - kHeadSize - kTagSize);
    std::string tag(sealed.substr(sealed.size() - kTagSize));
    std::string plain(body.size(), '\0');

    const Cipher cipher;
    int size = 0;
    must(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, keys_->sealing.octets.data(),
                            octets(sealed, 1 + kKeyIdSize)),
         "begin to open");
    must(EVP_DecryptUpdate(cipher.get(), nullptr, &size, octets(data),
                           static_cast<int>(data.size())),
         "open the place");
    must(EVP_DecryptUpdate(cipher.get(), octets(plain), &size, octets(body),
                           static_cast<int>(body.size())),
         "open");
    must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, octets(tag)),
         "set the tag");
    std::array<unsigned char, kTagSize> rest{};
    const int genuine = EVP_DecryptFinal_ex(cipher.get(), rest.data(), &size);
    domain::Secret opened(std::move(plain));
    if (genuine != 1) return not_ours();
    return opened;
}

std::string Vault::hmac(std::string_view purpose, std::string_view text) const {
    const KeyBytes key = derive(keys_->root, "hmac:" + std::string(purpose));
    std::array<std::uint8_t, 32> out{};
    unsigned size = 0;
    if (HMAC(EVP_sha256(), key.octets.data(), static_cast<int>(key.octets.size()), octets(text),
             text.size(), out.data(), &size) == nullptr) {
        throw std::runtime_error("cannot compute an HMAC");
    }
    return hex(out.data(), out.size());
}

const std::string& Vault::key_id() const { return keys_->id; }

}  // namespace cabroker::vault
