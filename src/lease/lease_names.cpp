#include "lease/lease_names.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "pgrant/sql.hpp"

namespace pgrant::detail {
namespace {

constexpr std::string_view word_alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::size_t login_random_length = 12;

// How many characters have to be changed, added or left out.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> distance(b.size() + 1);
  std::iota(distance.begin(), distance.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(distance[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = distance[j + 1];
      distance[j + 1] = std::min({changed, distance[j] + 1, diagonal + 1});
    }
  }
  return distance.back();
}

std::string plain_person(std::string_view person) {
  std::string plain;
  for (const char c : person) {
    if (c >= 'A' && c <= 'Z') {
      plain += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      plain += c;
    } else if (!plain.empty() && plain.back() != '_') {
      plain += '_';
    }
  }
  while (plain.ends_with('_')) plain.pop_back();
  return plain;
}

}  // namespace

result<std::string> random_word(std::size_t length) {
  std::string word(length, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(word.data()), static_cast<int>(length)) != 1) {
    return error(errc::internal, "no random numbers can be had");
  }
  for (char& c : word) c = word_alphabet[static_cast<unsigned char>(c) % word_alphabet.size()];
  return word;
}

result<std::string> login_name(std::string_view prefix, std::string_view person) {
  BOOST_OUTCOME_TRY(const std::string random, random_word(login_random_length));
  std::string plain = plain_person(person);
  plain.resize(std::min(plain.size(), max_name_bytes - prefix.size() - 1 - random.size()));
  std::string name(prefix);
  if (!plain.empty()) name += plain + '_';
  return name += random;
}

std::string login_name_pattern(std::string_view prefix) {
  return "^" + std::string(prefix) + "([a-z0-9_]+_)?[a-z2-7]{" +
         std::to_string(login_random_length) + "}$";
}

std::string person_in_login(std::string_view prefix, std::string_view login) {
  const std::size_t least = prefix.size() + login_random_length + 1;
  if (!login.starts_with(prefix) || login.size() <= least) return {};
  return std::string(login.substr(prefix.size(), login.size() - least));
}

std::vector<std::string> near_names(std::string_view wanted,
                                    const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& name : known) {
    const std::size_t distance = edit_distance(wanted, name);
    if (distance <= std::max<std::size_t>(2, wanted.size() / 3)) near.emplace_back(distance, name);
  }
  std::ranges::sort(near);
  std::vector<std::string> names;
  for (auto& [distance, name] : near) {
    if (names.size() < 3) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace pgrant::detail
