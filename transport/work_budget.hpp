// How long the reading of one page may keep its thread busy. libxml2 has pages whose reading takes
// it the square of their size: a tag of many attributes, a path from many elements. Time of the
// processor counts, not of the clock, and only while somebody reads. Internal to this folder.
#pragma once

namespace cabroker::transport {

/// A page's. Used by the thread that reads the page, and while one Work lives at a time.
class WorkBudget {
  public:
    [[nodiscard]] bool spent() const { return left_ <= 0; }

  private:
    friend class Work;
    /// In ticks of 50 ms: one second.
    int left_ = 20;
};

/// One piece of work on a page, from its construction to its end.
class Work {
  public:
    /// `limit`: becomes 1 when the budget is spent, by a signal that interrupts this thread.
    explicit Work(WorkBudget& budget, unsigned long* limit = nullptr);
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;
    ~Work();
    [[nodiscard]] bool too_long() const;

  private:
    WorkBudget& budget_;
    int begin_;
};

}  // namespace cabroker::transport
