#include "pgrant/secret_store.hpp"

namespace pgrant {
namespace {

class blocking_store_adapter final : public async_secret_store {
 public:
  explicit blocking_store_adapter(std::shared_ptr<secret_store> store) : store_(std::move(store)) {}

  void pending(std::string login, found answer) override { answer(store_->pending(login)); }
  void put_pending(std::string login, secret fresh, stored answer) override {
    answer(store_->put_pending(login, fresh));
  }
  void promote(std::string login, stored answer) override { answer(store_->promote(login)); }
  void retire(std::string login, stored answer) override { answer(store_->retire(login)); }

 private:
  std::shared_ptr<secret_store> store_;
};

}  // namespace

std::shared_ptr<async_secret_store> async_store(std::shared_ptr<secret_store> store) {
  if (!store) return nullptr;
  return std::make_shared<blocking_store_adapter>(std::move(store));
}

}  // namespace pgrant
