/* What the kernels ask of CUDA, with a thread of the host for every lane and one block after another. */
#include <pthread.h>
#include <math.h>

#define __CUDACC__
#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
struct three { unsigned x; };
static thread_local three threadIdx;
static three blockIdx, blockDim, gridDim;
static pthread_barrier_t meeting;
static double told[1024];

static void __syncthreads() { pthread_barrier_wait(&meeting); }
static float __int_as_float(int) { return INFINITY; }
static unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
template <class number> static number __shfl_xor_sync(unsigned, number mine, int step) {
    told[threadIdx.x] = mine;                                  /* a float survives it, and a double */
    __syncthreads();
    number other = (number)told[threadIdx.x ^ step];
    __syncthreads();
    return other;
}
