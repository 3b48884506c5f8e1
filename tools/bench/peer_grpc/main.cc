// gRPC C++ as a peer of `bandstand bench`: unary calls of N bytes over a unix socket, client and
// server in this process, both on the asynchronous generic API: messages are byte buffers, so no
// protobuf is read or written, and there are no interceptors. One completion queue and one thread
// at each end, which is what does best on few processors.
//
// usage: bandstand-bench-grpc ADDRESS IN_FLIGHT SECONDS BYTES
// Prints calls per second. A tenth of the time more goes before, uncounted.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace
{

using Clock = std::chrono::steady_clock;

// One call at the server: asked for, read, answered; then the next one.
class ServerCall
{
public:
    ServerCall(grpc::AsyncGenericService *service, grpc::ServerCompletionQueue *queue)
        : service_(service), queue_(queue)
    {
        Ask();
    }

    // What was under way is done; `ok` is false when the call or the server is at its end.
    void GoOn(bool ok)
    {
        switch (step_) {
        case Step::asked:
            if (!ok)
                return; // the server shuts down
            step_ = Step::read;
            stream_->Read(&message_, this);
            return;
        case Step::read:
            step_ = Step::answered;
            if (ok)
                stream_->WriteAndFinish(message_, grpc::WriteOptions(), grpc::Status::OK, this);
            else
                stream_->Finish(grpc::Status::CANCELLED, this);
            return;
        case Step::answered:
            Ask();
            return;
        }
    }

private:
    enum class Step { asked, read, answered };

    void Ask()
    {
        step_ = Step::asked;
        stream_.reset();
        context_ = std::make_unique<grpc::GenericServerContext>();
        stream_ = std::make_unique<grpc::GenericServerAsyncReaderWriter>(context_.get());
        service_->RequestCall(context_.get(), stream_.get(), queue_, queue_, this);
    }

    grpc::AsyncGenericService *service_;
    grpc::ServerCompletionQueue *queue_;
    Step step_ = Step::asked;
    grpc::ByteBuffer message_;
    std::unique_ptr<grpc::GenericServerContext> context_;
    std::unique_ptr<grpc::GenericServerAsyncReaderWriter> stream_;
};

// One call at the client.
struct ClientCall {
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer response;
    grpc::Status status;

    void Start(grpc::GenericStub *stub, const grpc::ByteBuffer &request,
               grpc::CompletionQueue *queue)
    {
        reader.reset();
        context = std::make_unique<grpc::ClientContext>();
        reader = stub->PrepareUnaryCall(context.get(), "/bench.EchoService/Echo", request, queue);
        reader->StartCall();
        reader->Finish(&response, &status, this);
    }
};

// Calls until `end`; the number of those that ended, or -1 after a failure.
long Run(grpc::GenericStub *stub, const grpc::ByteBuffer &request, int in_flight,
         Clock::time_point end)
{
    grpc::CompletionQueue queue;
    std::vector<ClientCall> calls(static_cast<size_t>(in_flight));
    long done = 0;
    int under_way = in_flight;
    for (ClientCall &call : calls)
        call.Start(stub, request, &queue);
    bool failed = false;
    void *tag = nullptr;
    bool ok = false;
    while (under_way > 0 && queue.Next(&tag, &ok)) {
        auto *call = static_cast<ClientCall *>(tag);
        if (!ok || !call->status.ok() || call->response.Length() != request.Length()) {
            std::fprintf(stderr, "bandstand-bench-grpc: a call failed: %s\n",
                         call->status.error_message().c_str());
            failed = true;
        }
        done++;
        if (!failed && Clock::now() < end)
            call->Start(stub, request, &queue);
        else
            under_way--;
    }
    queue.Shutdown();
    while (queue.Next(&tag, &ok))
        ;
    return failed ? -1 : done;
}

Clock::duration Seconds(double seconds)
{
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 5) {
        std::fprintf(stderr, "usage: bandstand-bench-grpc ADDRESS IN_FLIGHT SECONDS BYTES\n");
        return 2;
    }
    const std::string address = argv[1];
    const int in_flight = std::stoi(argv[2]);
    const double seconds = std::stod(argv[3]);
    const std::string bytes(std::stoul(argv[4]), 'x');

    grpc::AsyncGenericService service;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
    builder.RegisterAsyncGenericService(&service);
    std::unique_ptr<grpc::ServerCompletionQueue> queue = builder.AddCompletionQueue();
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    if (!server) {
        std::fprintf(stderr, "bandstand-bench-grpc: can't listen at %s\n", address.c_str());
        return 1;
    }
    std::vector<std::unique_ptr<ServerCall>> calls;
    for (int i = 0; i < in_flight; i++)
        calls.push_back(std::make_unique<ServerCall>(&service, queue.get()));
    std::thread serving([&queue] {
        void *tag = nullptr;
        bool ok = false;
        while (queue->Next(&tag, &ok))
            static_cast<ServerCall *>(tag)->GoOn(ok);
    });

    grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1);
    grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    long done = Run(&stub, request, in_flight, Clock::now() + Seconds(seconds / 10));
    const auto started = Clock::now();
    if (done >= 0)
        done = Run(&stub, request, in_flight, started + Seconds(seconds));
    const std::chrono::duration<double> taken = Clock::now() - started;
    server->Shutdown(std::chrono::system_clock::now());
    queue->Shutdown();
    serving.join();
    if (done < 0)
        return 1;
    std::printf("%.1f\n", static_cast<double>(done) / taken.count());
    return 0;
}
