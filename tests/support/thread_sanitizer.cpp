// What ThreadSanitizer is to say nothing about.

#ifdef __SANITIZE_THREAD__

// Asio counts the references to a shared executor with a release and an acquire fence, which is
// right; ThreadSanitizer knows no fences and takes the last owner's delete for a race.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:boost::asio::execution::detail::shared_target_executor::~shared_target_executor\n";
}

#endif
