// bench-csr-rate: how many CSRs one core parses and verifies in a second: with OpenSSL's own
// functions, and with cabroker_pki, which checks more and decodes the key faster.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "pki/csr.hpp"

namespace {

std::vector<std::string> read_csrs(const std::string& file) {
    std::ifstream in(file);
    const std::string all(std::istreambuf_iterator<char>(in), {});
    const std::string end = "-----END CERTIFICATE REQUEST-----\n";
    std::vector<std::string> list;
    for (std::size_t at = 0; all.find(end, at) != std::string::npos;) {
        const auto stop = all.find(end, at) + end.size();
        list.push_back(all.substr(at, stop - at));
        at = stop;
    }
    return list;
}

struct Free {
    void operator()(BIO* bio) const { BIO_free(bio); }
    void operator()(X509_REQ* request) const { X509_REQ_free(request); }
};

bool verify_with_openssl(const std::string& pem) {
    const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const std::unique_ptr<X509_REQ, Free> request(
        PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr));
    return request && X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) == 1;
}

bool verify_with_pki(const std::string& pem) { return cabroker::pki::inspect_csr(pem).ok; }

template <class Verify>
double per_second(const std::vector<std::string>& csrs, double seconds, Verify verify) {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    const auto until = begin + std::chrono::duration<double>(seconds);
    std::size_t count = 0;
    while (Clock::now() < until) {
        for (std::size_t i = 0; i < 32; ++i, ++count) {
            if (!verify(csrs[count % csrs.size()])) throw std::runtime_error("a CSR is not valid");
        }
    }
    return static_cast<double>(count) / std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: bench-csr-rate CSR_FILE SECONDS\n";
        return 2;
    }
    try {
        const std::vector<std::string> csrs = read_csrs(argv[1]);
        if (csrs.empty()) throw std::runtime_error("no CSR in the file");
        const double seconds = std::strtod(argv[2], nullptr);
        const double openssl = per_second(csrs, seconds, verify_with_openssl);
        const double pki = per_second(csrs, seconds, verify_with_pki);
        std::printf("{\"openssl\": %.1f, \"pki\": %.1f}\n", openssl, pki);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench-csr-rate: " << error.what() << '\n';
        return 1;
    }
}
